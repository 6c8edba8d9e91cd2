import type { StoredEvent } from '@millrace/contracts'

/** Where a read gets its events from, page by page. */
export interface EventSource {
  /** Undefined at the end; an empty page is none. */
  next(): Promise<readonly StoredEvent[] | undefined>
  /** Lets go of everything; called once, at the end or when the reader stops early. */
  close(): Promise<void>
}

/** What ends a read early. */
export interface ReadEnd {
  /** The most events to yield. */
  readonly limit: number
  readonly signal: AbortSignal | undefined
}

type Result = IteratorResult<StoredEvent, undefined>

const done: Result = { done: true, value: undefined }
const noEvents: readonly StoredEvent[] = []

/** A source of nothing. */
export const nothing: EventSource = {
  next: () => Promise.resolve(undefined),
  close: () => Promise.resolve(),
}

/**
 * The events of a source, one by one; holds one page. An iterator by hand, because an async generator awaits each event
 * twice, which costs a third of reading it.
 */
export class PagedEvents implements AsyncIterableIterator<StoredEvent, undefined> {
  readonly #open: () => Promise<EventSource>
  readonly #end: ReadEnd
  #source: EventSource | undefined
  #page = noEvents
  #index = 0
  #left: number
  #isOver = false
  /** Orders calls that do not wait for each other, while a page is fetched. */
  #advancing: Promise<Result> | undefined

  constructor(open: () => Promise<EventSource>, end: ReadEnd) {
    this.#open = open
    this.#end = end
    this.#left = end.limit
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<Result> {
    if (this.#advancing !== undefined || this.#end.signal?.aborted === true) return this.#afterOthers()
    const event = this.#take()
    return event === undefined ? this.#afterOthers() : Promise.resolve({ done: false, value: event })
  }

  async return(): Promise<Result> {
    await this.#advancing?.catch(() => undefined)
    await this.#finish()
    return done
  }

  #take(): StoredEvent | undefined {
    const event = this.#page[this.#index]
    if (event === undefined || this.#left <= 0) return undefined
    this.#index += 1
    this.#left -= 1
    return event
  }

  #afterOthers(): Promise<Result> {
    const mine = (this.#advancing ?? Promise.resolve(done)).then(() => this.#advance())
    const settled = mine.finally(() => {
      if (this.#advancing === settled) this.#advancing = undefined
    })
    this.#advancing = settled
    return settled
  }

  async #advance(): Promise<Result> {
    if (this.#isOver) return done
    try {
      return await this.#advanced()
    } catch (error) {
      await this.#finish()
      throw error
    }
  }

  async #advanced(): Promise<Result> {
    this.#end.signal?.throwIfAborted()
    // Opened whatever the limit: that is where the read's options are checked.
    this.#source ??= await this.#open()
    while (this.#left > 0) {
      this.#end.signal?.throwIfAborted()
      const event = this.#take()
      if (event !== undefined) return { done: false, value: event }
      const page = await this.#source.next()
      if (page === undefined) break
      this.#page = page
      this.#index = 0
    }
    await this.#finish()
    return done
  }

  async #finish(): Promise<void> {
    this.#isOver = true
    this.#page = noEvents
    const source = this.#source
    this.#source = undefined
    await source?.close()
  }
}
