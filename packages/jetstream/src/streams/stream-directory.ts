import { checkListStreamsOptions, EventVersion, parseStreamId } from '@millrace/contracts'
import type { ListStreamsOptions, StreamId, StreamInfo } from '@millrace/contracts'

import { decodeEvents, headAfter } from '../append/stream-head.ts'
import type { StreamHead } from '../append/stream-head.ts'
import type { NatsLink } from '../link/nats-link.ts'
import { answered } from '../read/answered.ts'
import type { DecodeParts, EventsMessage } from '../wire/decode-message.ts'
import type { LeaderReader } from '../wire/leader-read.ts'

/** What looking at streams needs. */
export interface StreamDirectoryParts extends DecodeParts {
  readonly link: NatsLink
  readonly leader: LeaderReader
  /** Of the JetStream stream. */
  readonly name: string
}

interface SubjectsAnswer {
  readonly state: { readonly subjects?: Readonly<Record<string, number>> }
  readonly total?: number
  readonly limit?: number
}

interface LastMessage {
  readonly events: EventsMessage
  readonly head: StreamHead
}

/** How many streams are looked at together. */
const together = 64

const byCodeUnits = (a: string, b: string): number => (a < b ? -1 : Number(a > b))

/** What is known of streams without reading their events. */
export class StreamDirectory {
  readonly #parts: StreamDirectoryParts

  constructor(parts: StreamDirectoryParts) {
    this.#parts = parts
  }

  /** 0 for a missing or tombstoned stream. */
  async currentVersion(streamId: StreamId): Promise<EventVersion> {
    parseStreamId(streamId)
    return await this.#asked(async () => {
      const last = await this.#last(streamId)
      if (last === undefined) return EventVersion.initial
      const { version, tombstoned } = last.head
      return tombstoned ? EventVersion.initial : EventVersion.parse(version)
    })
  }

  async describe(streamId: StreamId): Promise<StreamInfo | undefined> {
    parseStreamId(streamId)
    return await this.#asked(async () => await this.#info(streamId))
  }

  async list(options: ListStreamsOptions): Promise<readonly StreamInfo[]> {
    checkListStreamsOptions(options)
    const { category, after = '', limit = 100, includeTombstoned = false } = options
    return await this.#asked(async () => {
      const ids = (await this.#ids(category)).filter((id) => id > after).toSorted(byCodeUnits)
      const page: StreamInfo[] = []
      for (let at = 0; at < ids.length && page.length < limit; at += together) {
        const infos = await Promise.all(ids.slice(at, at + together).map(async (id) => await this.#info(id)))
        for (const info of infos)
          if (info !== undefined && (includeTombstoned || info.tombstonedAt === undefined)) page.push(info)
      }
      return page.slice(0, limit)
    })
  }

  async #asked<T>(question: () => Promise<T>): Promise<T> {
    return await answered(this.#parts.link, question, undefined)
  }

  async #last(streamId: StreamId): Promise<LastMessage | undefined> {
    const { leader, subjects } = this.#parts
    const message = await leader.last(subjects.stream(streamId))
    if (message === undefined) return undefined
    const events = decodeEvents(message, streamId, this.#parts)
    return { events, head: headAfter(events, message) }
  }

  async #info(streamId: StreamId): Promise<StreamInfo | undefined> {
    const last = await this.#last(streamId)
    if (last === undefined) return undefined
    const { events, head } = last
    const { version, tombstoned } = head
    const createdAt = events.header.createdAt ?? (await this.#createdAt(streamId, events))
    return {
      id: streamId,
      version: EventVersion.parse(version),
      createdAt: new Date(createdAt),
      updatedAt: new Date(events.recordedAt),
      tombstonedAt: tombstoned ? new Date(events.recordedAt) : undefined,
    }
  }

  async #createdAt(streamId: StreamId, last: EventsMessage): Promise<number> {
    if (last.header.version === 1) return last.recordedAt
    const { leader, subjects } = this.#parts
    const first = await leader.next(subjects.stream(streamId), 1)
    return first?.time ?? last.recordedAt
  }

  /** All streams of a category, or all. JetStream lists subjects in pages. */
  async #ids(category: string | undefined): Promise<readonly StreamId[]> {
    const { link, name, subjects } = this.#parts
    const ids: StreamId[] = []
    for (let offset = 0; ;) {
      const query = { subjects_filter: subjects.events(category), offset }
      const { state, total = 0 } = await link.api<SubjectsAnswer>(`STREAM.INFO.${name}`, query)
      const found = Object.keys(state.subjects ?? {})
      for (const subject of found) {
        const at = subjects.placeOf(subject)
        if (at.kind === 'events') ids.push(at.streamId)
      }
      offset += found.length
      if (found.length === 0 || offset >= total) return ids
    }
  }
}
