import { StreamCorruptError, StreamTombstonedError } from '@millrace/contracts'
import type { ReadStreamOptions, StoredEvent } from '@millrace/contracts'

import type { EventsMessage } from '../wire/decode-message.ts'
import type { MessageSource } from './message-source.ts'
import type { EventSource } from './paged-events.ts'
import type { ReadParts } from './read-parts.ts'
import { eventsOf, isTombstone, lastVersion, newestOf } from './stream-window.ts'
import type { StreamWindow } from './stream-window.ts'

/** A stream's messages as events: every version of the window once, in order, or an error. */
export class StreamEvents implements EventSource {
  readonly #parts: ReadParts
  readonly #window: StreamWindow
  readonly #messages: MessageSource
  readonly #isForwards: boolean
  readonly #from: number
  readonly #until: number
  /** The version that must come next; undefined before the first message. */
  #next: number | undefined
  #isOver = false

  constructor(
    parts: ReadParts,
    window: StreamWindow,
    messages: MessageSource,
    { direction = 'forwards', occurredFrom, occurredUntil }: ReadStreamOptions,
  ) {
    this.#parts = parts
    this.#window = window
    this.#messages = messages
    this.#isForwards = direction === 'forwards'
    this.#from = occurredFrom?.getTime() ?? -Infinity
    this.#until = occurredUntil?.getTime() ?? Infinity
  }

  async next(): Promise<readonly StoredEvent[] | undefined> {
    if (this.#isOver) return undefined
    const messages = await this.#messages.next()
    if (messages === undefined) throw await this.#broken(this.#window.newest.message.sequence, undefined)
    const page: StoredEvent[] = []
    for (const message of messages) {
      const events = eventsOf(message, this.#window.streamId, this.#parts)
      if (this.#isBefore(events)) continue
      const found = this.#isForwards ? events.header.version : lastVersion(events)
      if (!this.#isDue(found)) throw await this.#broken(message.sequence, found)
      this.#add(events, page)
      if (this.#isOver) break
    }
    return page
  }

  async close(): Promise<void> {
    await this.#messages.close()
  }

  #add(message: EventsMessage, page: StoredEvent[]): void {
    const { low, high } = this.#window
    const events = this.#isForwards ? message.events : message.events.toReversed()
    for (const event of events) {
      if (event.version < low || event.version > high) continue
      event.check()
      if (this.#isWithinTime(event)) page.push(event)
    }
    this.#next = this.#isForwards ? lastVersion(message) + 1 : message.header.version - 1
    if (this.#isForwards ? this.#next > high : this.#next < low) this.#isOver = true
  }

  /** Occurred-at never decreases in a stream: behind the first that is too late, or too early, lies none. */
  #isWithinTime(event: StoredEvent): boolean {
    if (this.#from === -Infinity && this.#until === Infinity) return true
    const at = event.occurredAt.getTime()
    if (this.#isForwards ? at > this.#until : at < this.#from) this.#isOver = true
    return at >= this.#from && at <= this.#until
  }

  /** Whether all of a message comes before the window, in the direction of the read. */
  #isBefore(message: EventsMessage): boolean {
    const { low, high } = this.#window
    return this.#isForwards ? lastVersion(message) < low : message.header.version > high
  }

  /** The first message of the window may begin before it. */
  #isDue(version: number): boolean {
    if (this.#next !== undefined) return version === this.#next
    return this.#isForwards ? version <= this.#window.low : version >= this.#window.high
  }

  /** What to throw where a version is not there: somebody closed the stream meanwhile, or it is damaged. */
  async #broken(sequence: number, found: number | undefined): Promise<Error> {
    const { streamId, low, high, signal } = this.#window
    const newest = await newestOf(this.#parts, streamId, signal)
    if (newest !== undefined && isTombstone(newest)) return new StreamTombstonedError(streamId)
    const due = this.#next ?? (this.#isForwards ? low : high)
    const instead = found === undefined ? 'nothing' : `version ${found}`
    const reason = `${instead} stands where version ${due} is due`
    return new StreamCorruptError({ streamId, sequence, reason })
  }
}
