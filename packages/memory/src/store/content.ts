import { isDeepStrictEqual } from 'node:util'

import type { EncodedEvent, StoredEvent } from '@millrace/contracts'

const samePayload = (a: string | Uint8Array, b: string | Uint8Array): boolean =>
  typeof a === 'string' || typeof b === 'string' ? a === b : Buffer.compare(a, b) === 0

/** Whether the event is the one that was stored; an id or time that was left to the store is not compared. */
export function isSameEvent(stored: StoredEvent, event: EncodedEvent): boolean {
  return (
    stored.type === event.type &&
    stored.schemaVersion === event.schemaVersion &&
    stored.contentType === event.contentType &&
    (event.id === undefined || stored.id === event.id) &&
    (event.occurredAt === undefined || stored.occurredAt.getTime() === event.occurredAt.getTime()) &&
    samePayload(stored.payload, event.payload) &&
    isDeepStrictEqual(stored.tags, event.tags) &&
    isDeepStrictEqual(stored.metadata, event.metadata)
  )
}
