import { checkReadAllOptions, isCategory } from '@millrace/contracts'
import type { Position, ReadAllOptions, StoredEvent } from '@millrace/contracts'

import { largestCommit } from '../wire/commit-header.ts'
import { decodeMessage } from '../wire/decode-message.ts'
import { DescendingSource } from './descending-source.ts'
import { messageAt } from './exact-source.ts'
import { LongSource } from './long-source.ts'
import type { MessageRange, MessageSource } from './message-source.ts'
import { nothing, PagedEvents } from './paged-events.ts'
import type { EventSource } from './paged-events.ts'
import type { ReadParts } from './read-parts.ts'
import { recordsOf } from './record-decoder.ts'
import { checkGeneration, keepInAll } from './selection.ts'
import type { Keep } from './selection.ts'

/** What a reader needs of the log. */
export interface ReadLog {
  readonly head: (signal: AbortSignal | undefined) => Promise<Position>
  /** Resolves once the log has reached a position. */
  readonly waitFor: (position: Position, signal: AbortSignal | undefined) => Promise<void>
}

/** Messages of the log as the events a read keeps. */
class LogEvents implements EventSource {
  readonly #parts: ReadParts
  readonly #messages: MessageSource
  readonly #keep: Keep
  readonly #isBackwards: boolean

  constructor(parts: ReadParts, messages: MessageSource, options: ReadAllOptions) {
    this.#parts = parts
    this.#messages = messages
    this.#keep = keepInAll(options)
    this.#isBackwards = options.direction === 'backwards'
  }

  async next(): Promise<readonly StoredEvent[] | undefined> {
    const messages = await this.#messages.next()
    if (messages === undefined) return undefined
    const page: StoredEvent[] = []
    for (const message of messages) {
      const events = recordsOf(message, this.#keep, this.#parts)?.events ?? []
      for (const event of this.#isBackwards ? events.toReversed() : events) page.push(event)
    }
    return page
  }

  async close(): Promise<void> {
    await this.#messages.close()
  }
}

/** Reads over all streams, in the order of the log. A read ends at the head as it was when the read began. */
export class LogReader {
  readonly #parts: ReadParts
  readonly #log: ReadLog

  constructor(parts: ReadParts, log: ReadLog) {
    this.#parts = parts
    this.#log = log
  }

  readAll(options: ReadAllOptions): AsyncIterable<StoredEvent> {
    const { limit = Infinity, signal } = options
    const open = async (): Promise<EventSource> => {
      checkReadAllOptions(options)
      for (const position of [options.after, options.before, options.atLeast])
        if (position !== undefined) checkGeneration(position, this.#parts.generation)
      return await this.#open(options)
    }
    return { [Symbol.asyncIterator]: () => new PagedEvents(open, { limit, signal }) }
  }

  async #open(options: ReadAllOptions): Promise<EventSource> {
    const { after, before, atLeast, signal } = options
    if (atLeast !== undefined) await this.#log.waitFor(atLeast, signal)
    const head = await this.#log.head(signal)
    const until = Math.min(head.commit, before?.commit ?? Infinity)
    const from = after === undefined ? 1 : await this.#firstOf(after, signal)
    const source = from > until ? undefined : this.#source({ from, until, signal }, options)
    return source === undefined ? nothing : new LogEvents(this.#parts, source, options)
  }

  /** The sequence of the commit's first message: a position may lie inside of a commit. */
  async #firstOf({ commit }: Position, signal: AbortSignal | undefined): Promise<number> {
    if (commit === 0) return 1
    const message = await messageAt(this.#parts, commit, signal)
    // What was deleted does not say how many belonged to it. Read twice costs time only: positions decide.
    if (message === undefined) return Math.max(1, commit - largestCommit)
    const decoded = decodeMessage(message, this.#parts)
    return decoded.kind === 'events' ? commit - decoded.header.part + 1 : commit
  }

  #source(range: MessageRange, { direction, categories }: ReadAllOptions): MessageSource | undefined {
    const cover = this.#parts.subjects.events()
    const filters = categories === undefined ? [] : this.#filters(categories)
    if (categories !== undefined && filters.length === 0) return undefined
    if (direction !== 'backwards')
      return new LongSource(this.#parts, { ...range, filters, cover, purpose: 'read' })
    const [only = cover] = filters
    return new DescendingSource(this.#parts, filters.length === 1 ? only : cover, range)
  }

  /** What is no category has no streams. */
  #filters(categories: readonly string[]): readonly string[] {
    return [...new Set(categories)]
      .filter(isCategory)
      .map((category) => this.#parts.subjects.events(category))
  }
}
