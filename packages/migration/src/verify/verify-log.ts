import { randomBytes } from 'node:crypto'

import { checkWhole } from '@millrace/contracts'
import type { EventStore, LogCopy, Position, StoredEvent } from '@millrace/contracts'

import { readCommits } from '../copy/source-commits.ts'
import type { SourceCommit } from '../copy/source-commits.ts'
import type { BadEvent } from '../report/bad-event.ts'
import { Tally } from '../report/tally.ts'
import type { EventCounts } from '../report/tally.ts'
import { createTransformer } from '../transform/event-transformer.ts'
import type { EventTransformer, TransformOptions } from '../transform/event-transformer.ts'
import { alignCommits } from './aligned-commits.ts'
import type { CommitPair } from './aligned-commits.ts'
import { checkSampled } from './check-sampled.ts'
import type { Mismatch, SampledEvent } from './check-sampled.ts'
import { Sample, seededRandom } from './sample.ts'

/** Settings of {@link verifyLog}. */
export interface VerifyOptions extends TransformOptions {
  readonly source: EventStore
  /** Compared with the log, as far as it has got. @defaultValue none: says what a copy would change */
  readonly copy?: LogCopy | undefined
  /** The copy has replaced the log: what it has behind it was appended since. @defaultValue false */
  readonly replaced?: boolean
  /** Events looked at closely, drawn from the whole log, 1 to 1,000,000. @defaultValue 1_000 */
  readonly sampleSize?: number
  /** The same seed draws the same events of the same log. @defaultValue a random one */
  readonly seed?: string
  readonly onProgress?: (progress: { readonly events: number; readonly total: number }) => void
  readonly signal?: AbortSignal
}

/** Events of one type and schema version, in the log and in its copy. */
export interface VersionCount {
  readonly type: string
  readonly schemaVersion: number
  readonly source: number
  readonly copy: number
}

/** What verifying came to. */
export interface VerifyReport {
  readonly passed: boolean
  /** True where there is a copy that was compared. */
  readonly compared: boolean
  readonly seed: string
  readonly sampled: number
  readonly commits: {
    readonly source: number
    readonly copy: number
    readonly missing: number
    readonly extra: number
    readonly behind: number
  }
  /** Of the sample: what became of it, or would. */
  readonly sample: EventCounts
  readonly versions: readonly VersionCount[]
  /** Sampled events that cannot be brought to their current form. */
  readonly errors: readonly BadEvent[]
  /** Sampled events whose copy is not what they come to. */
  readonly mismatches: readonly Mismatch[]
  /** The first of the commits that the copy lacks, and of those it has and the log has not. */
  readonly missing: readonly string[]
  readonly extra: readonly string[]
  readonly seconds: number
}

const mostListed = 1_000
const readSize = 5_000

/** Counts events by type and version, on both sides. */
class Versions {
  readonly #counts = new Map<string, { -readonly [Name in keyof VersionCount]: VersionCount[Name] }>()

  add(side: 'source' | 'copy', { type, schemaVersion }: StoredEvent): void {
    const key = `${type} ${schemaVersion}`
    let count = this.#counts.get(key)
    if (count === undefined) {
      count = { type, schemaVersion, source: 0, copy: 0 }
      this.#counts.set(key, count)
    }
    count[side] += 1
  }

  list(): readonly VersionCount[] {
    return [...this.#counts.values()].toSorted(
      (a, b) => (a.type < b.type ? -1 : Number(a.type > b.type)) || a.schemaVersion - b.schemaVersion,
    )
  }
}

async function* each(
  store: EventStore,
  until: Position,
  { signal }: Pick<VerifyOptions, 'signal'>,
): AsyncGenerator<SourceCommit, void, void> {
  const after = await store.log.beginning()
  for await (const { commits } of readCommits(store, { after, until, batchSize: readSize, signal }))
    yield* commits
}

/** One verification. */
class Verification {
  readonly #options: VerifyOptions
  readonly #transform: EventTransformer
  readonly #seed: string
  readonly #sample: Sample<SampledEvent>
  readonly #versions = new Versions()
  readonly #missing: string[] = []
  readonly #extra: string[] = []
  readonly #commits = { source: 0, copy: 0, missing: 0, extra: 0, behind: 0 }
  #events = 0
  #total = 0

  constructor(options: VerifyOptions) {
    const { sampleSize = 1_000, seed = randomBytes(8).toString('hex') } = options
    checkWhole('sampleSize', sampleSize, { min: 1, max: 1_000_000 })
    this.#options = options
    this.#seed = seed
    this.#transform = createTransformer(options)
    this.#sample = new Sample(sampleSize, seededRandom(seed))
  }

  async run(): Promise<VerifyReport> {
    const began = performance.now()
    const { source, copy, replaced = false } = this.#options
    const head = await source.log.head()
    this.#total = (await source.log.lag(await source.log.beginning())).records
    // What is not copied yet says nothing about the copy.
    const isWhole = copy === undefined || replaced
    const until = isWhole ? head : { ...head, commit: Math.min(head.commit, await copy.progress()) }
    if (copy === undefined) await this.#lookAt(until)
    else {
      await this.#compare(copy, until)
      await this.#countBehind(until, head)
    }
    return this.#report(performance.now() - began)
  }

  async #lookAt(until: Position): Promise<void> {
    for await (const commit of each(this.#options.source, until, this.#options))
      this.#take({ commit, copied: undefined })
  }

  async #compare(copy: LogCopy, until: Position): Promise<void> {
    const { source } = this.#options
    const copied = each(copy.store, await copy.store.log.head(), this.#options)
    const pairs = alignCommits(source, each(source, until, this.#options), copied, (extra) =>
      this.#takeExtra(extra),
    )
    for await (const pair of pairs) {
      this.#take(pair)
      if (pair.copied === undefined) this.#takeUnpaired(pair.commit)
    }
  }

  #take(pair: CommitPair): void {
    const { commit, copied } = pair
    this.#commits.source += 1
    for (const event of commit.events) {
      this.#versions.add('source', event)
      this.#sample.offer(() => ({ event, pair }))
    }
    this.#countCopied(copied)
    this.#events += commit.events.length
    if (this.#commits.source % readSize === 0)
      this.#options.onProgress?.({ events: this.#events, total: Math.max(this.#total, this.#events) })
  }

  #countCopied(copied: SourceCommit | undefined): void {
    if (copied === undefined) return
    this.#commits.copy += 1
    for (const event of copied.events) this.#versions.add('copy', event)
  }

  /** Either nothing was left of it, or the copy lacks it. */
  #takeUnpaired({ events }: SourceCommit): void {
    const written = events.some((event) => {
      const transformed = this.#transform(event)
      return transformed.kind !== 'bad' && transformed.events.length > 0
    })
    if (!written) return
    this.#commits.missing += 1
    if (this.#missing.length < mostListed) this.#missing.push(events[0]?.commitId ?? '')
  }

  #takeExtra(commit: SourceCommit): void {
    this.#countCopied(commit)
    if (this.#options.replaced === true) return
    this.#commits.extra += 1
    if (this.#extra.length < mostListed) this.#extra.push(commit.events[0]?.commitId ?? '')
  }

  async #countBehind(until: Position, head: Position): Promise<void> {
    if (until.commit >= head.commit) return
    for await (const { events } of this.#rest(until, head)) if (events.length > 0) this.#commits.behind += 1
  }

  async *#rest(after: Position, until: Position): AsyncGenerator<SourceCommit, void, void> {
    const { source, signal } = this.#options
    for await (const { commits } of readCommits(source, { after, until, batchSize: readSize, signal }))
      yield* commits
  }

  #report(ms: number): VerifyReport {
    const { copy } = this.#options
    const tally = new Tally()
    const mismatches = this.#sample.items.flatMap((sampled) => {
      tally.add(sampled.event, this.#transform(sampled.event))
      return copy === undefined ? [] : checkSampled(sampled, this.#transform)
    })
    const { missing, extra } = this.#commits
    const errors = tally.setAside
    return {
      passed: errors.length + mismatches.length + missing + extra === 0,
      compared: copy !== undefined,
      seed: this.#seed,
      sampled: this.#sample.items.length,
      commits: { ...this.#commits },
      sample: tally.counts,
      versions: this.#versions.list(),
      errors,
      mismatches,
      missing: this.#missing,
      extra: this.#extra,
      seconds: ms / 1_000,
    }
  }
}

/**
 * Counts the events of a log by type and version, and looks at a random sample of them closely: whether each can be
 * brought to its current form and, where there is a copy, whether the copy has exactly that. Every commit of the log is
 * looked for in the copy. Changes nothing.
 *
 * @throws {@link InvalidValueError} for a bad sample size
 */
export async function verifyLog(options: VerifyOptions): Promise<VerifyReport> {
  return await new Verification(options).run()
}
