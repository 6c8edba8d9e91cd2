import type { LogBatch, Position, StoredEvent } from '@millrace/contracts'

import type { ReadParts } from '../read/read-parts.ts'
import { recordsOf } from '../read/record-decoder.ts'
import type { Keep } from '../read/selection.ts'
import type { StoredMessage } from '../wire/stored-message.ts'

/** What ends a batch. */
export interface BatchBounds {
  readonly maxRecords: number
  readonly keep: Keep
}

const maxBytes = 4_000_000
/** What a filter may leave out in one batch. */
const maxMessages = 20_000

/** Collects whole commits. */
export class BatchBuilder {
  readonly #parts: ReadParts
  readonly #bounds: BatchBounds
  readonly #records: StoredEvent[] = []
  #end: Position
  #isWhole = true
  #messages = 0
  #bytes = 0

  constructor(parts: ReadParts, after: Position, bounds: BatchBounds) {
    this.#parts = parts
    this.#bounds = bounds
    this.#end = after
  }

  /** The commit of the last message that was taken. */
  get commit(): number {
    return this.#end.commit
  }

  /** True once the batch has enough, and the last commit in it is whole. */
  get isDone(): boolean {
    return this.#isWhole && this.#isFull
  }

  /** True where the last commit in it has more messages, unless those were deleted. */
  get isCut(): boolean {
    return !this.#isWhole
  }

  /** Takes a message, unless the batch has enough and the message begins another commit. */
  take(message: StoredMessage): boolean {
    if (this.isDone) return false
    const records = recordsOf(message, this.#bounds.keep, this.#parts)
    if (records === undefined) return true
    const { commit, lastIndex, isLast, events } = records
    if (this.#isFull && commit !== this.#end.commit) return false
    for (const event of events) this.#records.push(event)
    this.#end = { generation: this.#parts.generation, commit, index: lastIndex }
    this.#isWhole = isLast
    this.#messages += 1
    this.#bytes += message.payload.length
    return true
  }

  build(): LogBatch<StoredEvent> {
    return { records: this.#records, end: this.#end }
  }

  get #isFull(): boolean {
    return (
      this.#records.length >= this.#bounds.maxRecords ||
      this.#bytes >= maxBytes ||
      this.#messages >= maxMessages
    )
  }
}
