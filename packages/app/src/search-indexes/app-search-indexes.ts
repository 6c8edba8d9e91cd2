import { ConfigurationError, InvalidValueError, subjectFields } from '@millrace/contracts'
import type { EventLog, Metrics, SearchIndex, SearchStore, StoredEvent } from '@millrace/contracts'
import { forgetProcessors } from '@millrace/postgres'
import type { SqlDatabase } from '@millrace/postgres'
import type { Processor, ProcessorRuntime } from '@millrace/processing'
import { defineIndexer } from '@millrace/search'

import type { ProcessorContext } from '../definition/processor-context.ts'
import type { AppSearchIndex } from './index-definition.ts'
import { indexerName } from './index-definition.ts'
import { LazyIndex } from './lazy-index.ts'

/** How an index is. */
export interface SearchIndexStatus {
  readonly name: string
  /** That this release of the app reads and writes. */
  readonly version: number
  /** Undefined where it cannot be read. */
  readonly documents: number | undefined
  /** Why it cannot be read. */
  readonly problem: string | undefined
  /** The processor that fills it; undefined where only observers do. */
  readonly indexer: string | undefined
  /** Whether this process builds it anew at the moment. */
  readonly rebuilding: boolean
}

/** How far a build is. */
export interface IndexProgress {
  /** The build, which is also the name of the processor that fills it. */
  readonly build: string
  readonly phase: 'filling' | 'swapped' | 'done'
  /** Documents it holds. */
  readonly documents: number
}

/** Settings of {@link AppSearchIndexes.rebuild}. */
export interface RebuildOptions {
  /** Told now and then, and once at the end. */
  readonly onProgress?: (progress: IndexProgress) => void
  /** Ends the wait. The build stays, and the next call goes on with it. */
  readonly signal?: AbortSignal
}

/** The search indices of an app. */
export interface AppSearchIndexes {
  readonly names: readonly string[]
  /** Opened when it is asked for something. @throws {@link InvalidValueError} for a name the definition does not have */
  index(name: string): SearchIndex
  status(): Promise<readonly SearchIndexStatus[]>
  /**
   * Builds an index anew beside what is read, and puts it in its place, for all readers at once. Resolves when it holds all
   * that was in the log then.
   * @throws {@link InvalidValueError} for a name the definition does not have; {@link ConfigurationError} where nothing runs, or
   * nothing fills it; {@link ConnectionError}
   */
  rebuild(name: string, options?: RebuildOptions): Promise<IndexProgress>
}

/** What reads one of the logs. */
export interface LogRuntime {
  readonly runtime: ProcessorRuntime
  readonly log: EventLog<StoredEvent>
}

/** What {@link OpenSearchIndexes} works with. */
export interface SearchIndexesRequest {
  readonly indices: readonly AppSearchIndex[]
  readonly store: SearchStore
  readonly database: SqlDatabase
  /** Where calls and documents are counted. */
  readonly metrics: Metrics
}

const sliceMs = 500

/** The search indices of an app that is open. */
export class OpenSearchIndexes implements AppSearchIndexes {
  readonly names: readonly string[]
  readonly #request: SearchIndexesRequest
  readonly #indices: ReadonlyMap<string, { readonly given: AppSearchIndex; readonly index: SearchIndex }>
  readonly #runtimes = new Map<'events' | 'changes', LogRuntime>()
  readonly #rebuilding = new Map<string, Promise<IndexProgress>>()
  #context: ProcessorContext | undefined

  constructor(request: SearchIndexesRequest) {
    this.#request = request
    this.#indices = new Map(
      request.indices.map((given) => [
        given.definition.name,
        { given, index: new LazyIndex(request.store, given.definition) },
      ]),
    )
    this.names = [...this.#indices.keys()]
  }

  /** What fills the indices from one of the logs. */
  processorsOn(log: 'events' | 'changes', context: ProcessorContext): readonly Processor[] {
    this.#context = context
    return [...this.#indices.values()]
      .filter(({ given }) => given.toWrites !== undefined && (given.from ?? 'events') === log)
      .map(({ given, index }) => this.#indexer(given, index, indexerName(given.definition.name)))
  }

  /** Says what runs the processors of a log, for rebuilds. */
  attach(log: 'events' | 'changes', runtime: LogRuntime): void {
    this.#runtimes.set(log, runtime)
  }

  index(name: string): SearchIndex {
    return this.#find(name).index
  }

  /** Empties what the indices hold of a subject. */
  async eraseSubject(subject: string): Promise<void> {
    for (const { given, index } of this.#indices.values())
      if (subjectFields(given.definition).length > 0) await index.eraseSubject(subject)
  }

  async status(): Promise<readonly SearchIndexStatus[]> {
    return await Promise.all(
      [...this.#indices.values()].map(async ({ given, index }) => {
        const { name, version } = given.definition
        const indexer = given.toWrites === undefined ? undefined : indexerName(name)
        const about = { name, version, indexer, rebuilding: this.#rebuilding.has(name) }
        try {
          return { ...about, documents: await index.count(), problem: undefined }
        } catch (error) {
          return {
            ...about,
            documents: undefined,
            problem: error instanceof Error ? error.message : String(error),
          }
        }
      }),
    )
  }

  async rebuild(name: string, options: RebuildOptions = {}): Promise<IndexProgress> {
    const { given } = this.#find(name)
    const reading = this.#runtimes.get(given.from ?? 'events')
    if (given.toWrites === undefined)
      throw new ConfigurationError(
        `searchIndexes: ${name}`,
        'is filled by observers only, and cannot be rebuilt',
      )
    if (reading === undefined)
      throw new ConfigurationError(`searchIndexes: ${name}`, 'is rebuilt by a process that runs the app')
    const under = this.#rebuilding.get(name) ?? this.#rebuild(given, reading, options)
    this.#rebuilding.set(name, under)
    try {
      return await under
    } finally {
      this.#rebuilding.delete(name)
    }
  }

  async #rebuild(
    given: AppSearchIndex,
    { runtime, log }: LogRuntime,
    { onProgress, signal }: RebuildOptions,
  ): Promise<IndexProgress> {
    const { store, database } = this.#request
    const build = await store.rebuild(given.definition)
    const progressOf = async (phase: IndexProgress['phase']): Promise<IndexProgress> => {
      await build.index.refresh()
      const progress = { build: build.name, phase, documents: await build.index.count() }
      onProgress?.(progress)
      return progress
    }
    const fillUp = async (phase: IndexProgress['phase']): Promise<void> => {
      const head = await log.head()
      while (!(await runtime.reached(build.name, head, { timeoutMs: sliceMs }))) {
        signal?.throwIfAborted()
        await progressOf(phase)
      }
    }
    await runtime.add(this.#indexer(given, build.index, build.name))
    try {
      await fillUp('filling')
      await build.finish()
      // What was written to the former one while they changed places is in the log before its head of now.
      await fillUp('swapped')
    } finally {
      await runtime.remove(build.name)
    }
    await forgetProcessors(database, { processors: [build.name], by: 'rebuild' })
    return await progressOf('done')
  }

  #indexer(given: AppSearchIndex, index: SearchIndex, name: string): Processor {
    const { filter, partitions, retry, timeoutMs, bulk } = given
    return defineIndexer({
      name,
      index,
      metrics: this.#request.metrics,
      toWrites: async (envelope, { signal }) => {
        if (this.#context === undefined || given.toWrites === undefined) return []
        return await given.toWrites(envelope, { ...this.#context, signal })
      },
      ...(filter === undefined ? {} : { filter }),
      ...(partitions === undefined ? {} : { partitions }),
      ...(retry === undefined ? {} : { retry }),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      ...(bulk === undefined ? {} : { bulk }),
    })
  }

  #find(name: string): { readonly given: AppSearchIndex; readonly index: SearchIndex } {
    const found = this.#indices.get(name)
    if (found === undefined) throw new InvalidValueError('name', 'the name of a search index of the app')
    return found
  }
}
