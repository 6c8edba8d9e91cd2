import type { ProjectionBuild } from '@millrace/contracts'
import { Pulse, pause } from '@millrace/processing'
import type { ProcessorRuntime } from '@millrace/processing'

import { buildFeeder } from '../handler/build-feeder.ts'
import { liveBuild, nextBuild, planOf } from './plan.ts'
import type { Definitions } from './plan.ts'
import type { ProjectionsOptions } from './projections-options.ts'
import { switchOver } from './switch-over.ts'

/** Settings of a {@link Reconciler}. */
export interface ReconcilerSettings extends ProjectionsOptions {
  readonly runtime: ProcessorRuntime
  readonly definitions: Definitions
  readonly pollMs: number
  readonly switchMs: number
  readonly keepRetired: boolean
  readonly onProblem: (error: unknown) => void
}

/** How long after a failed switch it is tried again. */
const switchAgainMs = 2_000

/**
 * Keeps what runs in this process as the store says it should be: a feeder for every build that is live or under way and
 * whose definition is at hand. So whatever was asked for elsewhere, or was cut off by a crash, goes on by itself.
 */
export class Reconciler {
  readonly #settings: ReconcilerSettings
  readonly #running = new Set<string>()
  readonly #stopping = new AbortController()
  readonly #pulse = new Pulse()
  readonly #notBefore = new Map<string, number>()
  #turn: Promise<void> = Promise.resolve()
  #loop: Promise<void> | undefined

  constructor(settings: ReconcilerSettings) {
    this.#settings = settings
  }

  /** Sees to a build of every definition, and feeds them from now on. @throws what the store throws; nothing runs then */
  async start(): Promise<void> {
    const { definitions, models } = this.#settings
    for (const projection of definitions.current) await models.ensure(planOf(projection, 'start'))
    await this.reconcile()
    this.#loop ??= this.#run()
  }

  /** Looks now. */
  async reconcile(): Promise<void> {
    const turn = this.#turn.then(() => this.#reconcile())
    this.#turn = turn.catch(() => undefined)
    await turn
  }

  /** Looks at once instead of at its next turn. */
  poke(): void {
    this.#pulse.notify()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#loop
    await this.#turn
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping
    const { pollMs, onProblem } = this.#settings
    while (!signal.aborted) {
      await this.#pulse.wait({ timeoutMs: pollMs, signal })
      try {
        if (!signal.aborted) await this.#round()
      } catch (error) {
        if (signal.aborted) return
        onProblem(error)
        await pause(pollMs, signal)
      }
    }
  }

  async #round(): Promise<void> {
    await this.reconcile()
    const builds = await this.#settings.models.builds()
    const due = this.#settings.definitions.current.flatMap(({ name }) => {
      const next = nextBuild(builds, name)
      return next === undefined || !this.#mayTry(next) ? [] : [next]
    })
    await Promise.all(due.map((next) => this.#switch(next, liveBuild(builds, next.projection))))
  }

  #mayTry({ processor, state }: ProjectionBuild): boolean {
    if (!this.#running.has(processor)) return false
    return state === 'switching' || performance.now() >= (this.#notBefore.get(processor) ?? 0)
  }

  async #switch(next: ProjectionBuild, live: ProjectionBuild | undefined): Promise<void> {
    const { signal } = this.#stopping
    try {
      if (await switchOver({ ...this.#settings, signal }, next, live)) await this.reconcile()
    } catch (error) {
      this.#notBefore.set(next.processor, performance.now() + switchAgainMs)
      if (!signal.aborted) throw error
    }
  }

  async #reconcile(): Promise<void> {
    const { models, definitions, runtime } = this.#settings
    const builds = await models.builds()
    const wanted = builds.filter(({ state }) => state !== 'retired')
    const names = new Set(wanted.map(({ processor }) => processor))
    for (const processor of this.#running)
      if (!names.has(processor)) {
        await runtime.remove(processor)
        this.#running.delete(processor)
      }
    for (const build of wanted) {
      const projection = definitions.of(build)
      if (projection === undefined || this.#running.has(build.processor)) continue
      await runtime.add(buildFeeder(models, projection, build))
      this.#running.add(build.processor)
    }
    if (!this.#settings.keepRetired) await this.#dropRetired(builds)
  }

  /** After their feeders were taken away. */
  async #dropRetired(builds: readonly ProjectionBuild[]): Promise<void> {
    const { models, definitions } = this.#settings
    const retired = builds.filter(
      ({ projection, state }) => state === 'retired' && definitions.named(projection) !== undefined,
    )
    for (const { projection, version } of retired)
      await models.drop(projection, version, 'keepRetired: false')
  }
}
