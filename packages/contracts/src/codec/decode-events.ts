import type { Envelope, StoredEvent } from '../envelope/envelope.ts'
import { createEventDecoder } from './decoder.ts'
import type { EventDecoder } from './decoder.ts'

type Next = IteratorResult<Envelope, undefined>

const done: Next = { done: true, value: undefined }

/** By hand: an async generator waits several times for each event, which costs half as much as parsing it. */
class DecodedEvents implements AsyncIterableIterator<Envelope, undefined> {
  readonly #source: AsyncIterator<StoredEvent, unknown>
  readonly #decode: EventDecoder
  #decoded: readonly Envelope[] = []
  #index = 0
  #ended = false
  /** Calls of `next` that have not settled; those that do not wait for each other take their turns. */
  #pending = 0
  #last: Promise<Next> = Promise.resolve(done)

  constructor(events: AsyncIterable<StoredEvent>, decode: EventDecoder) {
    this.#source = events[Symbol.asyncIterator]()
    this.#decode = decode
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<Next> {
    this.#last = this.#pending === 0 ? this.#advance() : this.#afterOthers(this.#last)
    this.#pending += 1
    return this.#last
  }

  async return(): Promise<Next> {
    if (!this.#ended) {
      this.#ended = true
      await this.#source.return?.()
    }
    return done
  }

  async #afterOthers(others: Promise<Next>): Promise<Next> {
    await others.catch(() => undefined)
    return await this.#advance()
  }

  async #advance(): Promise<Next> {
    try {
      while (this.#index === this.#decoded.length && !this.#ended) {
        const { done: isLast, value } = await this.#source.next()
        if (isLast === true) this.#ended = true
        else this.#take(value)
      }
      const value = this.#ended ? undefined : this.#decoded[this.#index++]
      return value === undefined ? done : { done: false, value }
    } catch (error) {
      // The first failure is the one to tell, whatever closing the source does.
      await this.return().catch(() => undefined)
      throw error
    } finally {
      this.#pending -= 1
    }
  }

  /** A stored event may become none or several. */
  #take(stored: StoredEvent): void {
    this.#decoded = this.#decode(stored)
    this.#index = 0
  }
}

/**
 * Decodes a stream of stored events, one by one, in constant memory; leaving early closes the source. Throws what the
 * source and the decoder throw.
 */
export function decodeEvents(
  events: AsyncIterable<StoredEvent>,
  decode: EventDecoder = createEventDecoder(),
): AsyncIterableIterator<Envelope, undefined> {
  return new DecodedEvents(events, decode)
}
