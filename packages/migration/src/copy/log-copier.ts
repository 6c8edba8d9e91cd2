import { checkWhole } from '@millrace/contracts'
import type { CopiedCommit, EventStore, LogCopy, Position } from '@millrace/contracts'

import type { BadEvent } from '../report/bad-event.ts'
import { Tally } from '../report/tally.ts'
import type { EventCounts, TypeCount } from '../report/tally.ts'
import { createTransformer } from '../transform/event-transformer.ts'
import type { EventTransformer, TransformOptions } from '../transform/event-transformer.ts'
import { copiedCommit } from './copied-commit.ts'
import { readCommits } from './source-commits.ts'
import type { SourceBatch } from './source-commits.ts'

/** How far a copy has got. */
export interface CopyProgress {
  /** Events that were looked at. */
  readonly events: number
  /** Of about so many. */
  readonly total: number
}

/** Settings of {@link LogCopier}. */
export interface CopyOptions extends TransformOptions {
  /** The log to copy; only ever read. */
  readonly source: EventStore
  /** Where to. @defaultValue nowhere: only looks at what would be written */
  readonly copy?: LogCopy | undefined
  /** About so many events are read and written at a time, 1 to 100,000. @defaultValue 5_000 */
  readonly batchSize?: number
  readonly onProgress?: (progress: CopyProgress) => void
  /** Stops between two batches. */
  readonly signal?: AbortSignal
}

/** What a copy came to. */
export interface CopyReport {
  /** Nothing was written. */
  readonly dryRun: boolean
  /** False where it was stopped before the end. */
  readonly complete: boolean
  readonly commits: {
    readonly read: number
    /** In the copy now, or would be. */
    readonly written: number
    /** Of them, those an earlier run had written. */
    readonly found: number
    /** Nothing was left of them. */
    readonly emptied: number
  }
  readonly events: EventCounts
  readonly types: readonly TypeCount[]
  /** The first ten thousand of `events.setAside`. */
  readonly setAside: readonly BadEvent[]
  readonly seconds: number
}

const defaultBatchSize = 5_000
const mostInBatch = 100_000

/**
 * Copies a log through its upcasters, commit by commit in its order. Every run looks at the whole log, so that its report
 * tells of everything, and writes what is not in the copy yet: that is where one that was killed goes on.
 */
export class LogCopier {
  readonly #options: CopyOptions
  readonly #transform: EventTransformer
  readonly #tally = new Tally()
  readonly #batchSize: number
  readonly #commits = { read: 0, written: 0, found: 0, emptied: 0 }
  #at: Position | undefined
  #total = 0
  #copied: number | undefined
  #complete = false
  #ms = 0

  /** @throws {@link InvalidValueError} */
  constructor(options: CopyOptions) {
    const { batchSize = defaultBatchSize } = options
    checkWhole('batchSize', batchSize, { min: 1, max: mostInBatch })
    this.#options = options
    this.#batchSize = batchSize
    this.#transform = createTransformer(options)
  }

  /** Place in the source that was reached; undefined before the first run. */
  get reached(): Position | undefined {
    return this.#at
  }

  /** Goes on from where the last run of this copier ended. @defaultValue until where the log ends now */
  async run(until?: Position): Promise<CopyReport> {
    const began = performance.now()
    try {
      await this.#run(until)
    } catch (error) {
      if (this.#options.signal?.aborted !== true) throw error
      this.#complete = false
    } finally {
      this.#ms += performance.now() - began
    }
    return this.report()
  }

  /** What the runs so far came to. */
  report(): CopyReport {
    return {
      dryRun: this.#options.copy === undefined,
      complete: this.#complete,
      commits: { ...this.#commits },
      events: this.#tally.counts,
      types: this.#tally.types,
      setAside: this.#tally.setAside,
      seconds: this.#ms / 1_000,
    }
  }

  async #run(given: Position | undefined): Promise<void> {
    const { source, copy, signal } = this.#options
    this.#complete = false
    this.#copied ??= (await copy?.progress()) ?? 0
    const after = (this.#at ??= await source.log.beginning())
    const until = given ?? (await source.log.head())
    await this.#estimate(after)
    const reading = { after, until, batchSize: this.#batchSize, signal }
    for await (const batch of readCommits(source, reading)) {
      await this.#take(batch)
      if (signal?.aborted === true) return
    }
    this.#complete = this.#at.commit >= until.commit
  }

  async #estimate(after: Position): Promise<void> {
    const { records } = await this.#options.source.log.lag(after)
    this.#total = this.#tally.counts.read + records
    this.#tell()
  }

  async #take({ commits, end }: SourceBatch): Promise<void> {
    const { copy, source } = this.#options
    const found = this.#copied ?? 0
    const missing: CopiedCommit[] = []
    for (const commit of commits) {
      const copied = await copiedCommit(commit, { source, transform: this.#transform, tally: this.#tally })
      this.#commits.read += 1
      if (copied === undefined) this.#commits.emptied += 1
      else {
        this.#commits.written += 1
        if (commit.position.commit > found) missing.push(copied)
        else this.#commits.found += 1
      }
    }
    if (copy !== undefined && end.commit > found) await copy.append(missing, end)
    this.#at = end
    this.#tell()
  }

  #tell(): void {
    const { read } = this.#tally.counts
    this.#options.onProgress?.({ events: read, total: Math.max(this.#total, read) })
  }
}
