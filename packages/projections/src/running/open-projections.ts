import { ConfigurationError, createEventDecoder, NotSupportedError } from '@millrace/contracts'
import type { EventDecoder, EventStore, Position, ProjectionBuild } from '@millrace/contracts'
import { pause } from '@millrace/processing'

import type { DocumentProjection, Projection } from '../definition/projection.ts'
import { feedingStore } from '../inline/feeding-store.ts'
import { documentReader } from '../live/document-reader.ts'
import type { DocumentReader } from '../live/document-reader.ts'
import { watchModel } from '../live/watch-model.ts'
import { Definitions, liveBuild, nextBuild, planOf } from './plan.ts'
import { statusOf } from './projection-status.ts'
import type { ProjectionStatus } from './projection-status.ts'
import { completeOptions } from './projections-options.ts'
import type { CompleteOptions, ProjectionsOptions } from './projections-options.ts'
import { hasReached } from './reached.ts'
import { Reconciler } from './reconciler.ts'
import { pausersOf, restingForNothing, switchActor } from './resting.ts'

/** What asks for something, for the operator log: 1 to 200 characters. */
type Actor = string

/** Options of {@link Projections.rebuild}. */
export interface RebuildOptions {
  readonly by: Actor
  /**
   * 1 to 64 that share the work; they stay when the build is live. @defaultValue `batchWorkers` where the projection is
   * defined with several, else 1
   */
  readonly partitions?: number
}

/** Options of {@link Projections.rebuilt}. */
export interface RebuiltOptions {
  /** @defaultValue without end */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
  /** Told now and then how far it is. */
  readonly onProgress?: (progress: { readonly done: number; readonly total: number }) => void
}

/** The projections of an app, at work. Disposing stops looking after them; the runtime stays the caller's to close. */
export interface Projections extends AsyncDisposable {
  /** Of all projections there are, or of one; none for a name that nobody knows. */
  status(name?: string): Promise<readonly ProjectionStatus[]>
  /** Every build there is, of all projections: live, under way and retired. */
  builds(): Promise<readonly ProjectionBuild[]>
  /**
   * Waits until what is read holds everything up to a position. False when that did not happen within `timeoutMs` (by
   * default 10_000).
   * @throws {@link ConfigurationError} for a projection that nobody knows
   */
  reached(name: string, position: Position, options?: { readonly timeoutMs?: number }): Promise<boolean>
  /** Pauses it in all processes, with the build under way. False for a projection that nobody knows. */
  pause(name: string, by: Actor): Promise<boolean>
  /** Undoes {@link Projections.pause}. */
  resume(name: string, by: Actor): Promise<boolean>
  /**
   * Begins to build it anew beside what is read, in the background; takes its place at the head.
   * @throws {@link ProjectionRebuildInProgressError} {@link ConfigurationError}
   */
  rebuild(name: string, options: RebuildOptions): Promise<ProjectionBuild>
  /** Waits for the build under way to be read; true at once where there is none, false where it was given up or time is up. */
  rebuilt(name: string, options?: RebuiltOptions): Promise<boolean>
  /** Gives the build under way up. False when there is none. */
  cancel(name: string, by: Actor): Promise<boolean>
  /**
   * Empties what is read and begins again at the start of the log, whoever feeds it. Readers find it empty until it has
   * caught up, which is why this wants to be forced; a rebuild does without that.
   * @throws {@link ConfigurationError} unless forced
   */
  reset(name: string, options: { readonly force: boolean; readonly by: Actor }): Promise<void>
  /** Drops the retired builds of a version; how many there were. */
  drop(name: string, version: number, by: Actor): Promise<number>
  /**
   * Drops a projection that is no longer defined: all of its builds, what is read too, with their tables, views, checkpoints
   * and parked records. How many builds there were.
   * @throws {@link ConfigurationError} where this process defines it, or another one feeds it
   */
  remove(name: string, by: Actor): Promise<number>
  /**
   * The store, whose appends also feed the projections of mode `inline`, in the transaction of the append; see
   * {@link appendWith}.
   */
  inline(store: EventStore, options?: InlineOptions): EventStore
  /** Reads the documents of a projection; by name also one that this process does not define. */
  documents<State>(projection: DocumentProjection<State> | string): DocumentReader<State>
  /** A live query: the first result, then each other one as the read model moves. Ends when the signal aborts. */
  watch<T>(
    projection: Projection | string,
    query: () => Promise<T>,
    options?: { readonly signal?: AbortSignal },
  ): AsyncIterable<T>
}

/** Options of {@link appendWith}. */
export interface InlineOptions {
  /** The decoding pipeline. @defaultValue JSON, neither encrypted nor upcast */
  readonly decode?: EventDecoder
}

/**
 * The store, whose appends also feed the projections of mode `inline`, in their own transaction: whoever reads after an
 * append finds it in them. What is appended past it, and what came before, the projections' processors see to; so that
 * the order of a stream is kept, an append feeds nothing while something before it in its stream is still to come. An
 * append fails where a projection fails on its events, and nothing is recorded then.
 *
 * @throws {@link NotSupportedError} for a store that does not keep its events where the read models are
 */
export function appendWith(
  store: EventStore,
  projections: Pick<Projections, 'inline'>,
  options: InlineOptions = {},
): EventStore {
  return projections.inline(store, options)
}

const watchEveryMs = 1_000
const progressMs = 100

class RunningProjections implements Projections {
  readonly #options: CompleteOptions
  readonly #definitions: Definitions
  readonly #reconciler: Reconciler | undefined
  readonly #closed = new AbortController()

  constructor(options: CompleteOptions) {
    const definitions = new Definitions(options.projections)
    const { runtime } = options
    this.#options = options
    this.#definitions = definitions
    this.#reconciler =
      runtime === undefined ? undefined : new Reconciler({ ...options, runtime, definitions })
  }

  async start(): Promise<void> {
    await this.#reconciler?.start()
  }

  async status(name?: string): Promise<readonly ProjectionStatus[]> {
    const { models, processors, runtime, log } = this.#options
    const builds = await models.builds()
    const stored = await processors.status()
    const reports = (await runtime?.status()) ?? []
    const known = new Set([
      ...this.#definitions.current.map((each) => each.name),
      ...builds.map(({ projection }) => projection),
    ])
    const wanted = [...known].filter((each) => name === undefined || each === name).toSorted()
    const pausers = await pausersOf(processors)
    const sources = { log, builds, stored, reports, pausers, deadLetters: processors.deadLetters }
    return await Promise.all(wanted.map((each) => statusOf(each, this.#definitions.named(each), sources)))
  }

  async builds(): Promise<readonly ProjectionBuild[]> {
    return await this.#options.models.builds()
  }

  async reached(
    name: string,
    position: Position,
    options: { readonly timeoutMs?: number } = {},
  ): Promise<boolean> {
    await this.#known(name)
    const { signal } = this.#closed
    return await hasReached({ ...this.#options, signal }, name, {
      position,
      timeoutMs: options.timeoutMs ?? 10_000,
    })
  }

  async pause(name: string, by: Actor): Promise<boolean> {
    return await this.#setPaused(name, { paused: true, by })
  }

  async resume(name: string, by: Actor): Promise<boolean> {
    return await this.#setPaused(name, { paused: false, by })
  }

  async rebuild(name: string, { by, partitions }: RebuildOptions): Promise<ProjectionBuild> {
    const definition = this.#definitions.named(name)
    if (definition === undefined)
      throw new ConfigurationError(`projection ${name}`, 'is not defined in this process')
    const { models, batchWorkers = definition.partitions } = this.#options
    const workers = partitions ?? (definition.partitions === 1 ? 1 : batchWorkers)
    const build = await models.rebuild(planOf(definition, by, workers))
    await this.#reconciler?.reconcile()
    this.#reconciler?.poke()
    return build
  }

  async rebuilt(name: string, options: RebuiltOptions = {}): Promise<boolean> {
    const { timeoutMs = Number.POSITIVE_INFINITY, onProgress } = options
    const signal = AbortSignal.any([
      this.#closed.signal,
      ...(options.signal === undefined ? [] : [options.signal]),
    ])
    const until = performance.now() + timeoutMs
    const awaited = nextBuild(await this.#options.models.builds(), name)
    if (awaited === undefined) return true
    for (;;) {
      const builds = await this.#options.models.builds()
      const found = builds.find(({ processor }) => processor === awaited.processor)
      if (found?.state === 'live') return true
      if (found === undefined || found.state === 'retired') return false
      if (onProgress !== undefined) await this.#tellProgress(name, onProgress)
      if (signal.aborted || performance.now() >= until) return false
      await pause(Math.min(progressMs, until - performance.now()), signal)
    }
  }

  async cancel(name: string, by: Actor): Promise<boolean> {
    const { models, processors, runtime } = this.#options
    const cancelled = await models.cancel(name, by)
    // A switch under way has paused what is read.
    for (const { projection, processor } of await restingForNothing(models, processors))
      if (projection === name)
        await (runtime?.resume(processor, switchActor) ??
          processors.setPaused(processor, { paused: false, by: switchActor }))
    await this.#reconciler?.reconcile()
    return cancelled
  }

  async reset(name: string, { force, by }: { readonly force: boolean; readonly by: Actor }): Promise<void> {
    await this.#known(name)
    if (!force)
      throw new ConfigurationError(
        `projection ${name}`,
        'a reset empties what is read until it has caught up; force it, or rebuild, which does not',
      )
    const { models, log, runtime } = this.#options
    await models.reset(name, { start: await log.beginning(), by })
    runtime?.wake()
  }

  async drop(name: string, version: number, by: Actor): Promise<number> {
    await this.#reconciler?.reconcile()
    return await this.#options.models.drop(name, version, by)
  }

  async remove(name: string, by: Actor): Promise<number> {
    if (this.#definitions.named(name) !== undefined)
      throw new ConfigurationError(
        `projection ${name}`,
        'is defined in this process, which would build it anew',
      )
    return await this.#options.models.remove(name, by)
  }

  inline(store: EventStore, { decode = createEventDecoder() }: InlineOptions = {}): EventStore {
    const projections = this.#definitions.current.filter(({ mode }) => mode === 'inline')
    return feedingStore(store, { projections, models: this.#options.models, decode })
  }

  documents<State>(projection: DocumentProjection<State> | string): DocumentReader<State> {
    const name = typeof projection === 'string' ? projection : projection.name
    const known = typeof projection === 'string' ? this.#definitions.named(name) : projection
    if (known !== undefined && known.form !== 'documents')
      throw new NotSupportedError('documents: this projection keeps tables, which are read in SQL')
    return documentReader<State>(this.#options.models.liveDocuments(name))
  }

  watch<T>(
    projection: Projection | string,
    query: () => Promise<T>,
    options: { readonly signal?: AbortSignal } = {},
  ): AsyncIterable<T> {
    const name = typeof projection === 'string' ? projection : projection.name
    const { runtime } = this.#options
    const signal = AbortSignal.any([
      this.#closed.signal,
      ...(options.signal === undefined ? [] : [options.signal]),
    ])
    return watchModel({
      query,
      everyMs: watchEveryMs,
      signal,
      onMove: (listener) =>
        runtime?.onChange((fact) => {
          if (
            fact.kind === 'processor-advanced' &&
            fact.records > 0 &&
            fact.processor.startsWith(`${name}-v`)
          )
            listener()
        }) ?? (() => undefined),
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort()
    await this.#reconciler?.stop()
  }

  async #tellProgress(name: string, onProgress: NonNullable<RebuiltOptions['onProgress']>): Promise<void> {
    const [status] = await this.status(name)
    if (status?.build !== undefined) onProgress(status.build.progress)
  }

  /** @throws {@link ConfigurationError} */
  async #known(name: string): Promise<void> {
    if (this.#definitions.named(name) !== undefined) return
    if (liveBuild(await this.#options.models.builds(), name) === undefined)
      throw new ConfigurationError('projection', `there is none called ${name}`)
  }

  async #setPaused(
    name: string,
    change: { readonly paused: boolean; readonly by: string },
  ): Promise<boolean> {
    const { models, processors, runtime } = this.#options
    const builds = (await models.builds()).filter(
      ({ projection, state }) => projection === name && state !== 'retired',
    )
    const known = await Promise.all(
      builds.map(({ processor }) => {
        if (runtime === undefined) return processors.setPaused(processor, change)
        return change.paused ? runtime.pause(processor, change.by) : runtime.resume(processor, change.by)
      }),
    )
    return known.includes(true)
  }
}

/**
 * Looks after projections: sees to their tables, feeds what is read, builds beside it what is to be read next, and puts it
 * in its place. Resolves when all that is read is fed.
 *
 * @throws {@link ConfigurationError} naming the setting, or for a script that fails
 */
export async function openProjections(options: ProjectionsOptions): Promise<Projections> {
  const projections = new RunningProjections(completeOptions(options))
  try {
    await projections.start()
    return projections
  } catch (error) {
    await projections[Symbol.asyncDispose]()
    throw error
  }
}
