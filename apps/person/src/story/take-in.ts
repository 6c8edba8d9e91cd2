import { onboardingMachine } from '../onboarding/onboarding-machine.ts'
import type { Collected, OnboardingCommand, OnboardingEffect } from '../onboarding/onboarding-state.ts'
import { handlePersonCommand } from '../people.ts'
import { clerk, storyTime, told } from './give.ts'
import type { Scene } from './scene.ts'

type Asked<Command> = Command extends unknown ? Omit<Command, 'at'> : never

/** A clock that jumps to the next timer: nobody waits a week to hear a story. */
class StoryClock {
  #now = Date.parse(storyTime)

  get at(): string {
    return new Date(this.#now).toISOString()
  }

  pass(ms: number): void {
    this.#now += ms
  }
}

function shown(effect: OnboardingEffect): string {
  switch (effect.type) {
    case 'check-identity':
      return `check-identity, attempt ${effect.attempt}`
    case 'set-timer':
      return `set-timer ${effect.timer}, ${effect.afterMs / 1000} s`
    case 'cancel-timer':
      return `cancel-timer ${effect.timer}`
    case 'report-failure':
      return `report-failure: ${effect.reason}`
    case 'create-person':
      return 'create-person'
    default:
      return effect satisfies never
  }
}

/** One onboarding on its way: gives it commands, and takes its effects down. */
class Onboarder {
  readonly #scene: Scene
  readonly #personId: string
  readonly #clock = new StoryClock()
  #timer: Extract<OnboardingEffect, { readonly type: 'set-timer' }> | undefined

  constructor(scene: Scene, personId: string) {
    this.#scene = scene
    this.#personId = personId
  }

  /** Gives a command; the effects of what it led to. */
  async ask(asked: Asked<OnboardingCommand>): Promise<readonly OnboardingEffect[]> {
    const { onboardings, say } = this.#scene
    const command = { ...asked, at: this.#clock.at } as OnboardingCommand
    const { state: before } = await onboardings.load(this.#personId)
    const result = await onboardings.handle(this.#personId, command)
    if (result.kind === 'rejected') {
      say(`${command.type}: refused in state ${before.kind}, ${result.rejection.code}`)
      return []
    }
    const effects = result.events.flatMap((event) => onboardingMachine.effects(before, event))
    const { state } = await onboardings.load(this.#personId)
    say([`${command.type}: ${state.kind}`, ...effects.map(shown)].join(' | '))
    for (const effect of effects) {
      if (effect.type === 'cancel-timer') this.#timer = undefined
      if (effect.type === 'set-timer') this.#timer = effect
    }
    return effects
  }

  /** Nobody answers until the timer is due. */
  async wait(): Promise<void> {
    if (this.#timer === undefined) throw new Error('there is no timer to wait for')
    this.#clock.pass(this.#timer.afterMs)
    await this.ask(this.#timer.command)
  }
}

/** The person and their components, as one commit. */
async function createCollected({ people, say }: Scene, collected: Collected): Promise<void> {
  const { personId, name, components } = collected
  const types = [...new Set(components.map(({ component_type }) => component_type))]
  const result = await handlePersonCommand(people, [
    clerk({ type: 'createPerson', personId, name, source: 'onboarding' }),
    ...types.map((componentType) => clerk({ type: 'registerComponent', personId, componentType })),
    ...components.map((component) => clerk({ type: 'addComponent', personId, component })),
  ])
  say(told('create-person', result))
}

/** Two people are taken in: one arrives, the other never answers. */
export async function takeIn(scene: Scene): Promise<void> {
  const { id, say, onboardings } = scene
  const personId = id('radia')
  const radia = new Onboarder(scene, personId)
  await radia.ask({ type: 'start', personId, name: { given: 'Radia', family: 'Perlman' } })
  await radia.ask({ type: 'provideLocation', location: { city: 'Seattle', country: 'US' } })
  await radia.ask({ type: 'requestIdentityCheck' })
  await radia.wait()
  await radia.ask({ type: 'confirmIdentity', document: 'passport' })
  await radia.ask({ type: 'provideBasicInfo', birthDate: '1951-12-18' })
  const skill = { component_id: 's1', component_type: 'skill', data: { name: 'spanning trees' } }
  await radia.ask({ type: 'chooseComponents', components: [skill] })
  await radia.ask({ type: 'provideLocation', location: { city: 'Seattle', country: 'US' } })
  const effects = await radia.ask({
    type: 'setPreferences',
    preferences: { language: 'en', newsletter: false },
  })
  for (const effect of effects)
    if (effect.type === 'create-person') await createCollected(scene, effect.collected)

  say('')
  const silent = id('nobody')
  const nobody = new Onboarder(scene, silent)
  await nobody.ask({ type: 'start', personId: silent, name: { given: 'No', family: 'Body' } })
  await nobody.ask({ type: 'requestIdentityCheck' })
  for (let attempt = 1; attempt <= 4; attempt++) await nobody.wait()
  const { state } = await onboardings.load(silent)
  if (state.kind !== 'failed') throw new Error(`nobody is ${state.kind}`)
  say(`failed in ${state.step}: ${state.reason}`)
}
