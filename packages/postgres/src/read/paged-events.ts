import type { StoredEvent } from '@millrace/contracts'

/** Some events of a read, and how to get those after them; `next` undefined at the end. */
export interface EventPage {
  readonly size: number
  /** The event at an index below `size`. */
  readonly at: (index: number) => StoredEvent
  readonly next: (() => Promise<EventPage>) | undefined
}

/** The end of a read. */
export const noEvents: EventPage = {
  size: 0,
  at: () => {
    throw new RangeError('an empty page')
  },
  next: undefined,
}

/** What ends a read early. */
export interface ReadEnd {
  /** The most events to yield. */
  readonly limit: number
  readonly signal: AbortSignal | undefined
}

const done: IteratorResult<StoredEvent, undefined> = { done: true, value: undefined }

/**
 * Events, page by page; holds one page. An iterator by hand, for an async generator awaits each event twice, which
 * costs a third of reading it.
 */
export class PagedEvents implements AsyncIterableIterator<StoredEvent> {
  readonly #end: ReadEnd
  #next: (() => Promise<EventPage>) | undefined
  #page: EventPage | undefined
  #index = 0
  #yielded = 0
  /** Orders calls of `next` that do not wait for each other, while a page is fetched. */
  #fetching: Promise<IteratorResult<StoredEvent, undefined>> | undefined

  constructor(first: () => Promise<EventPage>, end: ReadEnd) {
    this.#next = first
    this.#end = end
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<StoredEvent, undefined>> {
    const page = this.#page
    if (
      this.#fetching !== undefined ||
      page === undefined ||
      this.#index >= page.size ||
      this.#end.signal?.aborted === true
    )
      return this.#afterOthers()
    if (this.#yielded >= this.#end.limit) return this.return()
    this.#yielded += 1
    return Promise.resolve({ done: false, value: page.at(this.#index++) })
  }

  return(): Promise<IteratorResult<StoredEvent, undefined>> {
    this.#next = undefined
    this.#page = undefined
    return Promise.resolve(done)
  }

  #afterOthers(): Promise<IteratorResult<StoredEvent, undefined>> {
    const before = this.#fetching ?? Promise.resolve(done)
    const mine = before.then(() => this.#advance())
    const settled = mine.finally(() => {
      if (this.#fetching === settled) this.#fetching = undefined
    })
    this.#fetching = settled
    return settled
  }

  async #advance(): Promise<IteratorResult<StoredEvent, undefined>> {
    this.#end.signal?.throwIfAborted()
    while (this.#page === undefined || this.#index >= this.#page.size) {
      const fetch = this.#page === undefined ? this.#next : this.#page.next
      // The first page is asked for whatever the limit: that is where the read's options are checked.
      if (fetch === undefined || (this.#page !== undefined && this.#yielded >= this.#end.limit))
        return await this.return()
      this.#page = await fetch()
      this.#index = 0
      this.#end.signal?.throwIfAborted()
    }
    if (this.#yielded >= this.#end.limit) return await this.return()
    this.#yielded += 1
    return { done: false, value: this.#page.at(this.#index++) }
  }
}
