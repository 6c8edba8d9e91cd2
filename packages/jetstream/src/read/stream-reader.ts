import { checkReadStreamOptions, parseStreamId } from '@millrace/contracts'
import type { ReadStreamOptions, StoredEvent, StreamId } from '@millrace/contracts'

import type { StoredMessage } from '../wire/stored-message.ts'
import { BackwardsSource } from './backwards-source.ts'
import { ExactSource } from './exact-source.ts'
import { LongSource } from './long-source.ts'
import type { MessageSource } from './message-source.ts'
import { nothing, PagedEvents } from './paged-events.ts'
import type { EventSource } from './paged-events.ts'
import { cheapestWay, lengthsOf } from './read-cost.ts'
import type { ReadParts } from './read-parts.ts'
import { StreamEvents } from './stream-events.ts'
import { isTombstone, lastVersion, newestOf } from './stream-window.ts'
import type { StreamWindow } from './stream-window.ts'
import { TrailWalk } from './trail-walk.ts'

/** Messages that are there already. */
class ReadySource implements MessageSource {
  #messages: readonly StoredMessage[] | undefined

  constructor(messages: readonly StoredMessage[]) {
    this.#messages = messages
  }

  async next(): Promise<readonly StoredMessage[] | undefined> {
    const messages = this.#messages
    this.#messages = undefined
    return await Promise.resolve(messages)
  }

  async close(): Promise<void> {
    this.#messages = undefined
    await Promise.resolve()
  }
}

/** Reads windows of one stream. */
export class StreamReader {
  readonly #parts: ReadParts

  constructor(parts: ReadParts) {
    this.#parts = parts
  }

  /** A missing or tombstoned stream yields nothing; what is appended after the read began is not yielded. */
  read(streamId: StreamId, options: ReadStreamOptions): AsyncIterable<StoredEvent> {
    const { limit = Infinity, signal } = options
    const open = async (): Promise<EventSource> => {
      parseStreamId(streamId)
      checkReadStreamOptions(options)
      return await this.#open(streamId, options)
    }
    return { [Symbol.asyncIterator]: () => new PagedEvents(open, { limit, signal }) }
  }

  async #open(streamId: StreamId, options: ReadStreamOptions): Promise<EventSource> {
    const {
      fromVersion = 1,
      toVersion = Infinity,
      direction = 'forwards',
      limit = Infinity,
      signal,
    } = options
    const asked = performance.now()
    const newest = await newestOf(this.#parts, streamId, signal)
    const roundTripMs = performance.now() - asked
    if (newest === undefined || isTombstone(newest)) return nothing
    const low = Math.max(1, fromVersion)
    const high = Math.min(lastVersion(newest.events), toVersion)
    if (low > high) return nothing
    const subject = this.#parts.subjects.stream(streamId)
    const window = { streamId, subject, low, high, newest, signal }
    const source =
      direction === 'backwards'
        ? new BackwardsSource(this.#parts, window)
        : await this.#forwards(window, { limit, roundTripMs })
    return new StreamEvents(this.#parts, window, source, options)
  }

  async #forwards(
    window: StreamWindow,
    costs: { readonly limit: number; readonly roundTripMs: number },
  ): Promise<MessageSource> {
    const { low, subject, newest, signal } = window
    const range = { from: 1, until: newest.message.sequence, signal }
    if (newest.events.header.version <= low) return new ReadySource([newest.message])
    const walk = new TrailWalk(this.#parts, window)
    const way = cheapestWay(window, walk.ahead, costs)
    const exact = way === 'exact' ? await this.#exact(window, walk) : undefined
    if (exact !== undefined) return exact
    const firstPage = lengthsOf(window, costs.limit).searched
    return new LongSource(this.#parts, {
      ...range,
      filters: [subject],
      cover: subject,
      purpose: 'read',
      firstPage,
    })
  }

  /** Undefined where the trail ends before the window begins. */
  async #exact({ low, newest, signal }: StreamWindow, walk: TrailWalk): Promise<MessageSource | undefined> {
    const sequences = [newest.message.sequence]
    while (walk.version > low) {
      const trail = await walk.step()
      if (trail === undefined) return undefined
      sequences.push(...trail)
    }
    return new ExactSource(this.#parts, sequences.toReversed(), walk.known, signal)
  }
}
