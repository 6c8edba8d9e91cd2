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

/** Of payloads, about: a text counts its UTF-16 units. */
const maxBytes = 4_000_000
/** What a filter may leave out in one batch. */
const maxMessages = 20_000

/** Collects whole commits. */
export class BatchBuilder {
  readonly #parts: ReadParts
  readonly #bounds: BatchBounds
  readonly #records: StoredEvent[] = []
  /** The place of the last event that was taken, by what its message says. */
  #last: Position
  /** Everything up to this sequence was taken, or is gone. */
  #examined: number
  #isWhole = true
  #messages = 0
  #bytes = 0

  constructor(parts: ReadParts, after: Position, bounds: BatchBounds) {
    this.#parts = parts
    this.#bounds = bounds
    this.#last = after
    this.#examined = after.commit
  }

  /** The sequence that the last commit in it ends at, by what its messages say. */
  get commit(): number {
    return this.#last.commit
  }

  /** Where the batch ends; never behind a message that was not taken, whatever others say of their commit. */
  get end(): Position {
    return { ...this.#last, commit: Math.min(this.#last.commit, this.#examined) }
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
    this.#examined = message.sequence - 1
    if (this.isDone) return false
    const records = recordsOf(message, this.#bounds.keep, this.#parts)
    if (records === undefined) return this.#taken(message)
    const { commit, lastIndex, isLast, events } = records
    if (this.#isFull && commit !== this.#last.commit) return false
    for (const event of events) {
      this.#records.push(event)
      this.#bytes += event.payload.length
    }
    this.#last = { generation: this.#parts.generation, commit, index: lastIndex }
    this.#isWhole = isLast
    this.#messages += 1
    return this.#taken(message)
  }

  build(): LogBatch<StoredEvent> {
    return { records: this.#records, end: this.end }
  }

  #taken({ sequence }: StoredMessage): true {
    this.#examined = sequence
    return true
  }

  get #isFull(): boolean {
    return (
      this.#records.length >= this.#bounds.maxRecords ||
      this.#bytes >= maxBytes ||
      this.#messages >= maxMessages
    )
  }
}
