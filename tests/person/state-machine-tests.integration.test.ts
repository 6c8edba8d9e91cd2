import { createAggregates, defineMachine } from '@millrace/aggregates'
import { createStreamId, defineEvents } from '@millrace/contracts'
import {
  certificationMachine,
  employmentMachine,
  onboardingMachine,
  onboardingSteps,
  openOnboardings,
  personMachine,
  privacyRequestMachine,
} from '@millrace/person'
import { describe, expect, test, vi } from 'vitest'
import { z } from 'zod'

import { countess } from './support/events.ts'
import { fresh, personApp } from './support/person-app.ts'
import { placeKinds } from './support/place.ts'

// The embedded database takes its time on a busy machine.
vi.setConfig({ testTimeout: 90_000 })

const at = '2026-03-02T10:00:00Z'
const location = { city: 'London', country: 'GB' }
const preferences = { language: 'en', newsletter: true }

/** What takes an onboarding from each step to the next, in order. */
const onward = [
  { type: 'requestIdentityCheck', at },
  { type: 'confirmIdentity', document: 'passport', at },
  { type: 'provideBasicInfo', birthDate: '1985-12-10', at },
  { type: 'chooseComponents', components: [], at },
  { type: 'provideLocation', location, at },
  { type: 'setPreferences', preferences, at },
] as const

const Turnstile = defineEvents({
  CoinTaken: z.object({ coins: z.int() }),
  Passed: z.object({}),
  Broken: z.object({}),
})
type TurnstileState =
  | { readonly kind: 'locked'; readonly coins: number }
  | { readonly kind: 'open'; readonly coins: number }
  | { readonly kind: 'broken' }
type TurnstileCommand =
  | { readonly type: 'insert'; readonly coins: number }
  | { readonly type: 'pass' }
  | { readonly type: 'smash' }
type TurnstileEffect = 'click' | 'clack' | 'alarm'

const fare = 2
const broken = {
  emits: 'Broken',
  to: 'broken',
  event: () => Turnstile.Broken(),
  next: () => ({ kind: 'broken' as const }),
} as const

/** A machine that has nothing to do with people. */
const turnstile = defineMachine<TurnstileState, TurnstileCommand, typeof Turnstile, TurnstileEffect>({
  events: Turnstile,
  initial: { kind: 'locked', coins: 0 },
  states: {
    locked: {
      on: {
        insert: {
          emits: 'CoinTaken',
          to: 'open',
          guards: { 'too-little': (_, { coins }) => coins >= fare },
          event: ({ coins }, command) => Turnstile.CoinTaken({ coins: coins + command.coins }),
          next: (_, { data }) => ({ kind: 'open', coins: data.coins }),
        },
        smash: broken,
      },
    },
    open: {
      entry: () => ['click'],
      exit: () => ['clack'],
      on: {
        pass: {
          emits: 'Passed',
          to: 'locked',
          event: () => Turnstile.Passed(),
          next: ({ coins }) => ({ kind: 'locked', coins }),
        },
        smash: broken,
      },
    },
    broken: { terminal: true, entry: () => ['alarm'] },
  },
})

describe.each(placeKinds)('state_machine_tests on %s', (kind) => {
  const opened = personApp(kind)

  test('onboarding workflow: complete state transitions, each read back by somebody else', async () => {
    const { store } = opened()
    const personId = fresh('ada')
    const start = { type: 'start', personId, name: countess, at } as const
    const kinds: string[] = []
    for (const command of [start, ...onward]) {
      const result = await openOnboardings(store).handle(personId, command)
      expect(result.kind).toBe('accepted')
      kinds.push((await openOnboardings(store).load(personId)).state.kind)
    }
    expect(kinds).toEqual([...onboardingSteps, 'completed'])
    const { state, version } = await openOnboardings(store).load(personId)
    expect(Number(version)).toBe(7)
    expect(state).toMatchObject({
      kind: 'completed',
      preferences,
      collected: { personId, name: countess, document: 'passport', birthDate: '1985-12-10', location },
    })
    const late = await openOnboardings(store).handle(personId, { type: 'fail', reason: 'late', at })
    expect(late).toMatchObject({ kind: 'rejected', rejection: { code: 'state-is-final' } })
  })

  test.each(onboardingSteps)('onboarding workflow: it fails in %s and keeps the reason', async (step) => {
    const { store } = opened()
    const onboardings = openOnboardings(store)
    const personId = fresh('ada')
    await onboardings.handle(personId, { type: 'start', personId, name: countess, at })
    for (const command of onward.slice(0, onboardingSteps.indexOf(step)))
      await onboardings.handle(personId, command)
    await onboardings.handle(personId, { type: 'fail', reason: 'no longer wanted', at })
    expect((await openOnboardings(store).load(personId)).state).toMatchObject({
      kind: 'failed',
      step,
      reason: 'no longer wanted',
    })
  })

  test('generic state machine: a machine of any kind is an aggregate', async () => {
    const { store } = opened()
    const turnstiles = createAggregates({
      store,
      category: 'turnstile',
      decider: turnstile.toDecider(),
    })
    const id = fresh('north')
    for (const command of [
      { type: 'insert', coins: 2 },
      { type: 'pass' },
      { type: 'insert', coins: 3 },
    ] as const)
      expect((await turnstiles.handle(id, command)).kind).toBe('accepted')
    expect(await turnstiles.load(id)).toMatchObject({
      streamId: createStreamId('turnstile', id),
      state: { kind: 'open', coins: 5 },
    })
  })

  test('guard conditions: a transition whose guard does not hold is refused by its name, and nothing is written', async () => {
    const { store } = opened()
    const turnstiles = createAggregates({ store, category: 'turnstile', decider: turnstile.toDecider() })
    const id = fresh('south')
    const refused = await turnstiles.handle(id, { type: 'insert', coins: 1 })
    expect(refused).toMatchObject({ kind: 'rejected', rejection: { code: 'too-little' } })
    expect(await store.exists(createStreamId('turnstile', id))).toBe(false)
  })
})

describe('state_machine_tests without a store', () => {
  test('generic state machine: effects are data, of leaving, of the step, and of entering', () => {
    const open = { kind: 'open', coins: 2 } as const
    expect(turnstile.transition(turnstile.initial(), { type: 'insert', coins: 2 })).toMatchObject({
      effects: ['click'],
    })
    expect(turnstile.transition(open, { type: 'smash' })).toMatchObject({ effects: ['clack', 'alarm'] })
  })

  test('generic state machine: it lists its ways out, and draws itself', () => {
    expect(turnstile.transitions({ kind: 'locked', coins: 0 })).toEqual([
      { command: 'insert', event: 'CoinTaken', to: 'open', guards: ['too-little'] },
      { command: 'smash', event: 'Broken', to: 'broken', guards: [] },
    ])
    expect(turnstile.toMermaid()).toContain('locked --> open')
  })

  test('guard conditions: of several ways the first whose guards hold is taken', () => {
    const waiting = { kind: 'identityVerification', attempt: 4, collected: undefined } as never
    const moved = onboardingMachine.transition(waiting, { type: 'identityTimedOut', attempt: 4, at })
    expect(moved).toMatchObject({ kind: 'moved', event: { type: 'OnboardingFailed' } })
  })

  test('guard conditions: can() asks the guards and runs nothing', () => {
    const locked = turnstile.initial()
    expect(turnstile.can(locked, { type: 'insert', coins: 2 })).toBe(true)
    expect(turnstile.can(locked, { type: 'insert', coins: 1 })).toBe(false)
    expect(turnstile.can({ kind: 'broken' }, { type: 'smash' })).toBe(false)
  })

  test.each([
    ['person', personMachine.toMermaid(), ['draft', 'active', 'suspended', 'archived', 'deceased', 'merged']],
    ['employment', employmentMachine.toMermaid(), ['offered', 'accepted', 'employed', 'declined', 'ended']],
    ['certification', certificationMachine.toMermaid(), ['preparing', 'certified', 'refused', 'expired']],
    [
      'privacy request',
      privacyRequestMachine.toMermaid(),
      ['received', 'inProgress', 'overdue', 'fulfilled'],
    ],
  ])('generic state machine: the diagram of %s has all of its states', (_, diagram, states) => {
    for (const state of states) expect(diagram).toContain(state)
  })
})
