import type { EventStore, SnapshotEntry, StreamId, StreamInfo } from '@millrace/contracts'

import type { Snapshots } from '../keeper/snapshots.ts'
import type { ScheduleName } from '../policy/define-snapshots.ts'
import { nextPeriod, periodStart } from './period.ts'

/** What a {@link SnapshotSchedule} works with. */
export interface ScheduleParts {
  readonly schedule: ScheduleName
  readonly store: Pick<EventStore, 'listStreams'>
  readonly snapshots: Pick<Snapshots<unknown>, 'definition' | 'list'>
  /** Folds a stream and saves its state. */
  readonly take: (streamId: StreamId) => Promise<unknown>
  /** Told what failed, and at which stream, where it was one; the round is repeated for what is left. */
  readonly onFailure: (error: unknown, streamId: StreamId | undefined) => void
  /** Current time in epoch milliseconds. @defaultValue `Date.now` */
  readonly now?: () => number
  /** Milliseconds from a round with failures to the next, doubled each time. @defaultValue 60_000 */
  readonly retryMs?: number
}

const pageSize = 500
/** setTimeout takes no more. */
const longestMs = 2_147_483_647

/**
 * Takes a snapshot of every stream that changed, once an hour or day. What is due follows from the snapshots themselves:
 * a round that was missed is made up for at the start, and rounds of several processes cost time, no more.
 */
export class SnapshotSchedule implements AsyncDisposable {
  readonly #parts: ScheduleParts
  readonly #stopping = new AbortController()
  #timer: NodeJS.Timeout | undefined
  #round: Promise<void> = Promise.resolve()
  #retries = 0

  constructor(parts: ScheduleParts) {
    this.#parts = parts
  }

  /** Makes up for what is due, and goes on with the clock. */
  start(): void {
    this.#begin()
  }

  /**
   * Takes what is due now. One stream's failure is told and holds up no other.
   * @throws what listing the streams throws
   */
  async runDue(): Promise<{ readonly taken: number; readonly failed: number }> {
    const { schedule, now = Date.now } = this.#parts
    const since = periodStart(schedule, now())
    const counts = { taken: 0, failed: 0 }
    for await (const stream of this.#streams()) {
      if (this.#stopping.signal.aborted) break
      try {
        if (await this.#take(stream, since)) counts.taken += 1
      } catch (error) {
        counts.failed += 1
        this.#parts.onFailure(error, stream.id)
      }
    }
    return counts
  }

  /** Ends after the snapshot in hand. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort()
    clearTimeout(this.#timer)
    await this.#round
  }

  #begin(): void {
    this.#round = this.#run()
  }

  async #run(): Promise<void> {
    const { schedule, now = Date.now, onFailure } = this.#parts
    let failed = 0
    try {
      failed = (await this.runDue()).failed
    } catch (error) {
      failed = 1
      onFailure(error, undefined)
    }
    if (this.#stopping.signal.aborted) return
    this.#retries = failed === 0 ? 0 : this.#retries + 1
    const nextMs = nextPeriod(schedule, now()) - now()
    this.#timer = setTimeout(() => this.#begin(), Math.min(nextMs, this.#retryInMs(), longestMs))
    this.#timer.unref()
  }

  /** A stream that always fails must not keep the store busy: each retry waits twice as long as the one before. */
  #retryInMs(): number {
    const { retryMs = 60_000 } = this.#parts
    return this.#retries === 0 ? Infinity : retryMs * 2 ** Math.min(this.#retries - 1, 20)
  }

  async #take(stream: StreamInfo, since: number): Promise<boolean> {
    const { snapshots, take } = this.#parts
    const { schemaVersion } = snapshots.definition
    if (!isDue(stream, await snapshots.list(stream.id), since, schemaVersion)) return false
    await take(stream.id)
    return true
  }

  async *#streams(): AsyncGenerator<StreamInfo> {
    const { store, snapshots } = this.#parts
    const { category } = snapshots.definition
    let after = ''
    for (;;) {
      const page = await store.listStreams({ category, after, limit: pageSize })
      yield* page
      const last = page.at(-1)
      if (last === undefined || page.length < pageSize) return
      after = last.id
    }
  }
}

function isDue(
  { version }: StreamInfo,
  entries: readonly SnapshotEntry[],
  since: number,
  schemaVersion: number,
): boolean {
  const newest = entries.find((entry) => entry.schemaVersion === schemaVersion)?.header
  return newest === undefined || (newest.version < version && newest.takenAt.getTime() < since)
}
