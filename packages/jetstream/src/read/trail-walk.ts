import type { StoredMessage } from '../wire/stored-message.ts'
import { messageAt } from './exact-source.ts'
import type { KnownMessages } from './exact-source.ts'
import type { ReadParts } from './read-parts.ts'
import { pageBytes } from './scan-source.ts'
import { eventsOf } from './stream-window.ts'
import type { StreamMessage, StreamWindow } from './stream-window.ts'
import { trailOf } from './trail.ts'

const mostKept = 256

/** Walks a stream from its newest message towards its first, by the trails its messages hold. */
export class TrailWalk {
  readonly #parts: ReadParts
  readonly #window: StreamWindow
  #oldest: StreamMessage
  /** Messages that were read on the way, or are on theirs: those of a trail are asked for while the next is looked for. */
  readonly #known: KnownMessages = new Map()
  readonly #room: number

  constructor(parts: ReadParts, window: StreamWindow) {
    this.#parts = parts
    this.#window = window
    this.#oldest = window.newest
    const { message } = window.newest
    this.#room = Math.min(mostKept, Math.floor(pageBytes / (message.payload.length + message.headers.length)))
    this.#known.set(message.sequence, Promise.resolve(message))
  }

  get known(): KnownMessages {
    return this.#known
  }

  /** The version of the first event of the oldest message that was reached. */
  get version(): number {
    return this.#oldest.events.header.version
  }

  /** The sequence of that message. */
  get sequence(): number {
    return this.#oldest.message.sequence
  }

  /** How far the trail of the oldest message leads; none where it ends. */
  get ahead(): readonly number[] {
    return trailOf(this.#oldest.message, this.#oldest.events)
  }

  /**
   * One trail further; returns the sequences on it, newest first, of which the last is the new oldest message. Undefined
   * where there is no trail, or what it leads to is gone.
   */
  async step(): Promise<readonly number[] | undefined> {
    const { ahead } = this
    const sequence = ahead.at(-1)
    if (sequence === undefined) return undefined
    const holder = this.#fetch(sequence)
    for (const passed of ahead) if (this.#known.size < this.#room) void this.#fetch(passed)
    const message = await holder
    if (message?.subject !== this.#window.subject) return undefined
    const events = eventsOf(message, this.#window.streamId, this.#parts)
    // A trail that leads to where one has been already would never end.
    if (message.sequence >= this.sequence || events.header.version >= this.version) return undefined
    this.#oldest = { message, events }
    return ahead
  }

  #fetch(sequence: number): Promise<StoredMessage | undefined> {
    const known = this.#known.get(sequence)
    if (known !== undefined) return known
    const message = messageAt(this.#parts, sequence, this.#window.signal)
    // Whoever takes it sees the failure; if nobody does, it is none.
    message.catch(() => undefined)
    this.#known.set(sequence, message)
    return message
  }
}
