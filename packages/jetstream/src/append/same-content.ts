import { isDeepStrictEqual } from 'node:util'

import type { StoredEvent } from '@millrace/contracts'

import type { EventsMessage } from '../wire/decode-message.ts'
import type { PreparedCommit, PreparedWrite } from './prepared-commit.ts'

function sameEvent(stored: StoredEvent, { events, ids }: PreparedWrite, at: number): boolean {
  const event = events[at]
  if (event === undefined) return false
  // An id or time that was left to the store is not part of the content.
  return (
    (event.id === undefined || ids[at] === stored.id) &&
    (event.occurredAt === undefined || event.occurredAt.getTime() === stored.occurredAt.getTime()) &&
    event.type === stored.type &&
    event.schemaVersion === stored.schemaVersion &&
    event.contentType === stored.contentType &&
    samePayload(event.payload, stored.payload) &&
    isDeepStrictEqual(event.metadata, stored.metadata) &&
    isDeepStrictEqual(event.tags, stored.tags) &&
    isDeepStrictEqual(event.encryption, stored.encryption)
  )
}

function samePayload(a: string | Uint8Array, b: string | Uint8Array): boolean {
  if (typeof a === 'string' || typeof b === 'string') return a === b
  return Buffer.compare(a, b) === 0
}

/** The events of a commit that was recorded, and the streams they belong to, in its order. */
export function storedParts(messages: readonly EventsMessage[]): ReadonlyMap<string, readonly StoredEvent[]> {
  const parts = new Map<string, readonly StoredEvent[]>()
  for (const { streamId, events } of messages)
    parts.set(streamId, [...(parts.get(streamId) ?? []), ...events])
  return parts
}

/** True where the commit, whose messages these are, is what is to be written now. */
export function sameContent(messages: readonly EventsMessage[], { writes }: PreparedCommit): boolean {
  const stored = [...storedParts(messages)]
  const written = writes.filter(({ events }) => events.length > 0)
  return (
    stored.length === written.length &&
    written.every((write, i) => {
      const [streamId, events = []] = stored[i] ?? []
      return (
        streamId === write.streamId &&
        events.length === write.events.length &&
        events.every((event, at) => sameEvent(event, write, at))
      )
    })
  )
}

/** True where these events have the ids of this call's, those it minted among them. */
export function sameIds(messages: readonly EventsMessage[], { writes }: PreparedCommit): boolean {
  const stored = messages.flatMap(({ events }) => events.map(({ id }) => id))
  return isDeepStrictEqual(
    stored,
    writes.flatMap(({ ids }) => ids),
  )
}
