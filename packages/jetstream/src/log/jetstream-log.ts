import { checkMaxRecords } from '@millrace/contracts'
import type { EventLog, LogBatch, LogLag, Position, ReadBatchOptions, StoredEvent } from '@millrace/contracts'

import { answered } from '../read/answered.ts'
import type { ReadParts } from '../read/read-parts.ts'
import { ScanSource } from '../read/scan-source.ts'
import { checkGeneration, keepInLog } from '../read/selection.ts'
import { checkReplaced } from '../replace/check-replaced.ts'
import { formerPosition } from '../replace/former-position.ts'
import { BatchBuilder } from './batch-builder.ts'
import { CursorPool } from './cursor-pool.ts'
import { headOf } from './log-head.ts'
import { lagAfter } from './log-lag.ts'
import { positionAt } from './position-at.ts'
import { recordAt } from './record-at.ts'
import { sameLog } from './same-log.ts'

const defaultMaxRecords = 500
const waitMs = 5_000
// A filter with wildcards makes the server look up every subject of a block for each message.
const everything = '>'
const smallestPage = 16
/** What a short read looks for by direct get. The server searches for each message of it; a longer read is worth a consumer. */
const shortRead = 64

/** The whole log of one store. */
export class JetStreamLog implements EventLog<StoredEvent>, AsyncDisposable {
  readonly name: string
  readonly formerGenerations: readonly string[]
  readonly #parts: ReadParts
  readonly #checkStore: () => void
  readonly #cursors: CursorPool
  /** Where batches ended that were read without a cursor: who goes on from there gets one. */
  readonly #ends = new Set<number>()

  /** `check` throws why the store is of no use any more. */
  constructor(parts: ReadParts, check: () => void) {
    this.name = `${parts.logName}.events`
    this.formerGenerations = parts.formerGenerations
    this.#parts = parts
    this.#checkStore = check
    this.#cursors = new CursorPool(parts)
  }

  async translate(former: Position): Promise<Position | undefined> {
    this.#checkStore()
    const { link, name, generation } = this.#parts
    return await formerPosition(link, { name, generation }, former)
  }

  async beginning(): Promise<Position> {
    this.#checkStore()
    return await Promise.resolve({ generation: this.#parts.generation, commit: 0, index: 0 })
  }

  async head(): Promise<Position> {
    return await this.headFor(undefined)
  }

  /** The head, for a reader that may be aborted. */
  async headFor(signal: AbortSignal | undefined): Promise<Position> {
    this.#parts.link.closed.throwIfAborted()
    return await headOf(this.#parts, signal)
  }

  async readBatch(after: Position, options: ReadBatchOptions = {}): Promise<LogBatch<StoredEvent>> {
    const { maxRecords = defaultMaxRecords, filter, signal } = options
    checkMaxRecords(options.maxRecords)
    this.#check(after)
    signal?.throwIfAborted()
    const keep = filter === undefined ? undefined : keepInLog(filter)
    const batch = new BatchBuilder(this.#parts, after, { maxRecords, keep })
    const mayOpen = this.#ends.delete(after.commit)
    const read = await this.#fromCursor(batch, { at: after.commit, mayOpen, signal })
    if (read !== undefined) return read
    const scanned = this.#scan(batch, { from: after.commit + 1, maxRecords, signal })
    return await sameLog(this.#parts, after, scanned, signal)
  }

  async readAt(position: Position): Promise<StoredEvent | undefined> {
    this.#check(position)
    // Whether anything is there yet makes no difference: behind the end there is no record.
    const anywhere = { ...position, commit: 0 }
    return await sameLog(this.#parts, anywhere, recordAt(this.#parts, position), undefined)
  }

  async waitForMore(
    after: Position,
    options: { readonly timeoutMs: number; readonly signal?: AbortSignal },
  ): Promise<boolean> {
    this.#check(after)
    const hasMore = await this.#cursors.wait(after.commit, {
      ...options,
      hasMore: async (signal) => await this.#hasMore(after.commit, signal),
    })
    // Nothing will ever follow where another log has taken this one's place.
    if (!hasMore && options.signal?.aborted !== true) await checkReplaced(this.#parts)
    return hasMore
  }

  async lag(after: Position): Promise<LogLag> {
    this.#check(after)
    return await lagAfter(this.#parts, after)
  }

  /**
   * The position before the first commit recorded at this time or later, by the servers' clock; the head where there is
   * none. A read after it begins there without looking at what was recorded before.
   */
  async positionAt(recordedAt: Date): Promise<Position> {
    this.#parts.link.closed.throwIfAborted()
    return await positionAt(this.#parts, recordedAt)
  }

  /**
   * Resolves once the log has reached the position.
   * @throws the signal's reason
   */
  async waitFor(position: Position, signal: AbortSignal | undefined): Promise<void> {
    for (;;) {
      const head = await this.headFor(signal)
      if (head.commit >= position.commit) return
      await this.waitForMore(head, { timeoutMs: waitMs, ...(signal === undefined ? {} : { signal }) })
      signal?.throwIfAborted()
    }
  }

  /** To be called when events were erased: forgets those that were fetched ahead. */
  async forget(): Promise<void> {
    await this.#cursors.forget()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#cursors[Symbol.asyncDispose]()
  }

  /** Undefined where no cursor stands there, and none was opened. */
  async #fromCursor(
    batch: BatchBuilder,
    options: { readonly at: number; readonly mayOpen: boolean; readonly signal: AbortSignal | undefined },
  ): Promise<LogBatch<StoredEvent> | undefined> {
    const { at, mayOpen, signal } = options
    const isOver = async (sequence: number): Promise<boolean> => !(await this.#hasMore(sequence, signal))
    return await this.#cursors.read(at, {
      signal,
      mayOpen,
      readFrom: async (cursor) => await cursor.readInto(batch, isOver, signal),
    })
  }

  async #scan(
    batch: BatchBuilder,
    options: { readonly from: number; readonly maxRecords: number; readonly signal: AbortSignal | undefined },
  ): Promise<LogBatch<StoredEvent>> {
    const { from, maxRecords, signal } = options
    const range = { from, until: Number.MAX_SAFE_INTEGER, signal }
    const pageMessages = Math.min(shortRead, Math.max(smallestPage, maxRecords))
    const scan = new ScanSource(this.#parts, everything, range, pageMessages)
    for (let page = await scan.next(); page !== undefined; page = await scan.next()) {
      if (!page.every((message) => batch.take(message)) || batch.isDone) return this.#ended(batch)
      const isLong = page.length >= shortRead
      const read = isLong
        ? await this.#fromCursor(batch, { at: batch.end.commit, mayOpen: true, signal })
        : undefined
      if (read !== undefined) return read
    }
    return batch.build()
  }

  /** There may be more behind it. */
  #ended(batch: BatchBuilder): LogBatch<StoredEvent> {
    if (this.#ends.size >= 64) this.#ends.clear()
    this.#ends.add(batch.end.commit)
    return batch.build()
  }

  async #hasMore(after: number, signal: AbortSignal | undefined): Promise<boolean> {
    const { link, leader, subjects } = this.#parts
    const ask = async (): Promise<boolean> =>
      (await leader.next(subjects.events(), after + 1, { signal })) !== undefined
    return await answered(link, ask, signal)
  }

  #check(position: Position): void {
    this.#checkStore()
    checkGeneration(position, this.#parts.generation)
  }
}
