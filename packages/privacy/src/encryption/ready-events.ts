import type { StoredEvent } from '@millrace/contracts'

import type { EventOpener } from './event-opener.ts'

type Next = IteratorResult<StoredEvent, unknown>

/** By hand, as the readers it stands before: it waits only where a key has to be fetched. */
class ReadyEvents implements AsyncIterableIterator<StoredEvent, unknown> {
  readonly #source: AsyncIterator<StoredEvent, unknown>
  readonly #opener: EventOpener

  constructor(events: AsyncIterable<StoredEvent>, opener: EventOpener) {
    this.#source = events[Symbol.asyncIterator]()
    this.#opener = opener
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<Next> {
    const next: Next = await this.#source.next()
    if (next.done !== true) await this.#opener.prepare([next.value])
    return next
  }

  async return(): Promise<Next> {
    await this.#source.return?.()
    return { done: true, value: undefined }
  }
}

/** The same events, each with its key at hand. */
export function readyEvents(
  events: AsyncIterable<StoredEvent>,
  opener: EventOpener,
): AsyncIterable<StoredEvent> {
  return { [Symbol.asyncIterator]: () => new ReadyEvents(events, opener) }
}
