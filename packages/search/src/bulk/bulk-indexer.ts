import { ConnectionError, failpoint, InvalidValueError, noMetrics } from '@millrace/contracts'
import type { SearchFields, SearchIndex, SearchWrite, SearchWriteResult } from '@millrace/contracts'
import { pause } from '@millrace/processing'

import { SearchMeters } from '../metrics/search-meters.ts'
import { checkBulkOptions } from './bulk-options.ts'
import type { BulkIndexerOptions, BulkOptions } from './bulk-options.ts'
import { writeSize } from './write-size.ts'

const longestPauseMs = 5000

/** What became of a write in the end. */
export type SearchOutcome =
  | { readonly kind: 'written' | 'stale'; readonly id: string }
  | { readonly kind: 'rejected'; readonly id: string; readonly reason: string }

/** What an indexer has done since it was made, and what it holds. */
export interface BulkStats {
  readonly calls: number
  readonly written: number
  readonly stale: number
  readonly rejected: number
  /** Documents that the engine was too busy for, each time counted. */
  readonly retried: number
  /** Documents whose call failed as a whole, or that were tried often enough. */
  readonly failed: number
  /** Documents that wait or are under way. */
  readonly held: number
  readonly heldBytes: number
  readonly inFlight: number
}

interface Entry<Fields extends SearchFields> {
  readonly write: SearchWrite<Fields>
  readonly bytes: number
  readonly resolve: (outcome: SearchOutcome) => void
  readonly reject: (error: unknown) => void
}

function endsOf(results: readonly SearchWriteResult[]): Record<SearchOutcome['kind'], number> {
  const ends = { written: 0, stale: 0, rejected: 0 }
  for (const { kind } of results) if (kind !== 'retry') ends[kind] += 1
  return ends
}

/** A write that was accepted. */
export interface AcceptedWrite {
  /** Rejects with {@link ConnectionError} where it is not known to be written: it may be given again. */
  readonly outcome: Promise<SearchOutcome>
}

/**
 * Gathers writes and hands them to an index in large calls, a few at a time. What it holds is bounded; nothing is dropped:
 * each write ends written, stale, rejected with the reason, or with the error that it failed with.
 *
 * Writes of one document under different versions may be given in any order. Of two under the same version that are held at
 * once either may win.
 */
export class BulkIndexer<Fields extends SearchFields = SearchFields> implements AsyncDisposable {
  readonly #index: SearchIndex<Fields>
  readonly #options: Required<BulkOptions>
  readonly #waiting: Entry<Fields>[] = []
  readonly #counts = { calls: 0, written: 0, stale: 0, rejected: 0, retried: 0, failed: 0 }
  readonly #meters: SearchMeters
  readonly #closing = new AbortController()
  #waitingBytes = 0
  #held = 0
  #heldBytes = 0
  #inFlight = 0
  /** Those in front are sent without waiting for more. */
  #due = 0
  #timer: NodeJS.Timeout | undefined
  #room = Promise.withResolvers<void>()

  /** @throws {@link ConfigurationError} naming the setting */
  constructor(index: SearchIndex<Fields>, { metrics = noMetrics, ...options }: BulkIndexerOptions = {}) {
    this.#index = index
    this.#options = checkBulkOptions(options)
    this.#meters = new SearchMeters(metrics, index.definition.name)
  }

  stats(): BulkStats {
    return { ...this.#counts, held: this.#held, heldBytes: this.#heldBytes, inFlight: this.#inFlight }
  }

  /** Resolves when there is room for the write. Its outcome comes later, at the latest after `maxWaitMs` and a call. */
  async add(write: SearchWrite<Fields>): Promise<AcceptedWrite> {
    const bytes = writeSize(write)
    while (!this.#hasRoom(bytes)) {
      // What waits must not wait for company that cannot come.
      this.flush()
      await this.#room.promise
    }
    if (this.#closing.signal.aborted) throw new InvalidValueError('indexer.add', 'called before it is closed')
    const { promise: outcome, resolve, reject } = Promise.withResolvers<SearchOutcome>()
    // Told to whoever waits for it; nobody has to.
    outcome.catch(() => undefined)
    this.#waiting.push({ write, bytes, resolve, reject })
    this.#waitingBytes += bytes
    this.#held += 1
    this.#heldBytes += bytes
    this.#timer ??= setTimeout(() => this.flush(), this.#options.maxWaitMs)
    this.#sendFull()
    return { outcome }
  }

  /** Sends what waits as soon as a call is free. */
  flush(): void {
    this.#due = this.#waiting.length
    this.#sendFull()
  }

  /** Writes all of these; their outcomes in their order. @throws {@link ConnectionError} where not all are known */
  async submit(
    writes: readonly SearchWrite<Fields>[],
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<readonly SearchOutcome[]> {
    const outcomes: Promise<SearchOutcome>[] = []
    for (const write of writes) {
      signal?.throwIfAborted()
      const { outcome } = await this.add(write)
      outcomes.push(outcome)
    }
    this.flush()
    return await Promise.all(outcomes)
  }

  /** Resolves when everything it holds has an outcome. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort()
    this.flush()
    while (this.#held > 0) {
      await this.#room.promise
      this.flush()
    }
    clearTimeout(this.#timer)
  }

  #hasRoom(bytes: number): boolean {
    const { maxDocuments, maxBytes, inFlight } = this.#options
    const calls = inFlight + 1
    // A document that is larger than all the room goes alone.
    return (
      this.#held === 0 || (this.#held < maxDocuments * calls && this.#heldBytes + bytes <= maxBytes * calls)
    )
  }

  #sendFull(): void {
    const { maxDocuments, maxBytes, inFlight } = this.#options
    const isFull = (): boolean => this.#waiting.length >= maxDocuments || this.#waitingBytes >= maxBytes
    while (this.#inFlight < inFlight && this.#waiting.length > 0 && (this.#due > 0 || isFull()))
      void this.#send(this.#take())
    if (this.#waiting.length > 0) return
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #take(): readonly Entry<Fields>[] {
    const { maxDocuments, maxBytes } = this.#options
    let [count, bytes] = [0, 0]
    for (const entry of this.#waiting) {
      if (count === maxDocuments || (count > 0 && bytes + entry.bytes > maxBytes)) break
      count += 1
      bytes += entry.bytes
    }
    this.#waitingBytes -= bytes
    this.#due = Math.max(0, this.#due - count)
    return this.#waiting.splice(0, count)
  }

  async #send(entries: readonly Entry<Fields>[]): Promise<void> {
    this.#inFlight += 1
    let left = entries
    try {
      for (let attempt = 1; left.length > 0; attempt++) left = await this.#once(left, attempt)
    } catch (error) {
      this.#counts.failed += left.length
      this.#meters.ended({ failed: left.length })
      for (const { reject } of left) reject(error)
    } finally {
      this.#inFlight -= 1
      this.#held -= entries.length
      this.#heldBytes -= entries.reduce((sum, { bytes }) => sum + bytes, 0)
      this.#room.resolve()
      this.#room = Promise.withResolvers<void>()
      this.#sendFull()
    }
  }

  /** Those that are to be tried again, after a pause. */
  async #once(entries: readonly Entry<Fields>[], attempt: number): Promise<readonly Entry<Fields>[]> {
    const { maxAttempts, retryMs, random } = this.#options
    this.#counts.calls += 1
    this.#meters.called(entries.length)
    await failpoint('index:before-write')
    const results = await this.#index.write(entries.map(({ write }) => write))
    await failpoint('index:after-write')
    const again: Entry<Fields>[] = []
    let reason = ''
    for (const [n, entry] of entries.entries()) {
      const result = results[n]
      if (result === undefined || result.kind === 'retry') {
        again.push(entry)
        reason = result?.reason ?? 'the engine did not answer for it'
      } else this.#settle(entry, result)
    }
    this.#meters.ended({ ...endsOf(results), retried: again.length })
    if (again.length === 0) return again
    this.#counts.retried += again.length
    if (attempt >= maxAttempts) {
      const error = new ConnectionError(`search index ${this.#index.definition.name} is too busy: ${reason}`)
      this.#counts.failed += again.length
      this.#meters.ended({ failed: again.length })
      for (const { reject } of again) reject(error)
      return []
    }
    const full = Math.min(longestPauseMs, retryMs * 2 ** (attempt - 1))
    await pause(full / 2 + (full / 2) * random())
    return again
  }

  #settle({ resolve }: Entry<Fields>, result: SearchOutcome): void {
    this.#counts[result.kind] += 1
    resolve(result)
  }
}
