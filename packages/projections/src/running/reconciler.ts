import { ConfigurationError } from '@millrace/contracts'
import type { ProjectionBuild } from '@millrace/contracts'
import { Pulse, pause } from '@millrace/processing'
import type { ProcessorRuntime } from '@millrace/processing'

import type { Projection } from '../definition/projection.ts'
import { buildFeeder } from '../handler/build-feeder.ts'
import { liveBuild, nextBuild, planOf } from './plan.ts'
import type { Definitions } from './plan.ts'
import type { ProjectionsOptions } from './projections-options.ts'
import { restingForNothing, switchActor } from './resting.ts'
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

/** How long after it failed something is tried again. */
const againMs = 2_000

const sameNames = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((name) => b.includes(name))

/** @throws {@link ConfigurationError} where a definition cannot write to the tables of a build of its version */
function checkShape({ name, version, form, tables }: Projection, build: ProjectionBuild): void {
  if (build.form === form && sameNames(build.tables, tables)) return
  throw new ConfigurationError(
    `projection ${name}`,
    `version ${version} was built as ${build.form} (${build.tables.join(', ')}) and is ${form} (${tables.join(', ')}) now: raise its version`,
  )
}

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
  readonly #switching = new Map<string, Promise<void>>()
  #turn: Promise<unknown> = Promise.resolve()
  #loop: Promise<void> | undefined

  constructor(settings: ReconcilerSettings) {
    this.#settings = settings
  }

  /** Sees to a build of every definition, and feeds them from now on. @throws what the store throws; nothing runs then */
  async start(): Promise<void> {
    const { definitions, models } = this.#settings
    for (const projection of definitions.current) await models.ensure(planOf(projection, 'start'))
    const [problem] = await this.#inTurn()
    if (problem !== undefined) throw problem.error
    this.#loop ??= this.#run()
  }

  /** Looks now. What goes wrong with one build is told, and holds up no other. @throws what the store throws */
  async reconcile(): Promise<void> {
    for (const { error } of await this.#inTurn()) this.#settings.onProblem(error)
  }

  /** Looks at once instead of at its next turn. */
  poke(): void {
    this.#pulse.notify()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#loop
    await Promise.all(this.#switching.values())
    await this.#turn
  }

  async #inTurn(): Promise<readonly { readonly error: unknown }[]> {
    const turn = this.#turn.then(() => this.#reconcile())
    this.#turn = turn.catch(() => undefined)
    return await turn
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
    const { models, processors, runtime, definitions } = this.#settings
    await this.reconcile()
    for (const { processor } of await restingForNothing(models, processors))
      await runtime.resume(processor, switchActor)
    const builds = await models.builds()
    for (const { name } of definitions.current) {
      const next = nextBuild(builds, name)
      if (next !== undefined && this.#mayTry(next)) this.#beginSwitch(next, liveBuild(builds, name))
    }
  }

  #mayTry({ processor, state }: ProjectionBuild): boolean {
    if (!this.#running.has(processor) || this.#switching.has(processor)) return false
    return state === 'switching' || this.#isTime(processor)
  }

  #isTime(processor: string): boolean {
    return performance.now() >= (this.#notBefore.get(processor) ?? 0)
  }

  #waitWith(processor: string, ms: number): void {
    this.#notBefore.set(processor, performance.now() + ms)
  }

  /** Beside the rounds: what waits for its turn holds up no other projection. */
  #beginSwitch(next: ProjectionBuild, live: ProjectionBuild | undefined): void {
    const { processor } = next
    const switching = this.#switch(next, live).finally(() => this.#switching.delete(processor))
    this.#switching.set(processor, switching)
  }

  /** Never rejects. */
  async #switch(next: ProjectionBuild, live: ProjectionBuild | undefined): Promise<void> {
    const { signal } = this.#stopping
    const { switchMs, onProblem } = this.#settings
    try {
      const outcome = await switchOver({ ...this.#settings, signal }, next, live)
      if (outcome === 'done') await this.reconcile()
      // What is read must get on: it rests for half of the time at most.
      if (outcome === 'put-off') this.#waitWith(next.processor, Math.max(againMs, switchMs))
    } catch (error) {
      this.#waitWith(next.processor, againMs)
      if (!signal.aborted) onProblem(error)
    }
  }

  async #reconcile(): Promise<readonly { readonly error: unknown }[]> {
    const { models, definitions, keepRetired } = this.#settings
    const builds = await models.builds()
    const wanted = builds.filter(({ state }) => state !== 'retired')
    await this.#letGo(new Set(wanted.map(({ processor }) => processor)))
    const problems: { readonly error: unknown }[] = []
    for (const build of wanted) {
      const projection = definitions.of(build)
      const { processor } = build
      if (projection === undefined || this.#running.has(processor) || !this.#isTime(processor)) continue
      try {
        await this.#feed(projection, build)
      } catch (error) {
        this.#waitWith(processor, againMs)
        problems.push({ error })
      }
    }
    if (!keepRetired) await this.#dropRetired(builds)
    return problems
  }

  async #letGo(names: ReadonlySet<string>): Promise<void> {
    for (const processor of this.#running)
      if (!names.has(processor)) {
        await this.#settings.runtime.remove(processor)
        this.#running.delete(processor)
        this.#notBefore.delete(processor)
      }
  }

  async #feed(projection: Projection, build: ProjectionBuild): Promise<void> {
    const { models, runtime } = this.#settings
    checkShape(projection, build)
    await runtime.add(buildFeeder(models, projection, build))
    this.#running.add(build.processor)
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
