import { createHash } from 'node:crypto'

import type { EncodedEvent, StreamId } from '@millrace/contracts'

/** What of one stream's part of a commit is its content. */
interface StreamContent {
  readonly streamId: StreamId
  readonly events: readonly EncodedEvent[]
}

/** An id or time that was left to the store is not part of the content. */
function headerOf({
  id,
  type,
  schemaVersion,
  contentType,
  occurredAt,
  metadata,
  tags,
  payload,
}: EncodedEvent): string {
  const given = [id ?? null, occurredAt?.getTime() ?? null]
  return JSON.stringify([
    type,
    schemaVersion,
    contentType,
    metadata,
    tags,
    Buffer.byteLength(payload),
    ...given,
  ])
}

/** SHA-256 of a commit's content: its streams, in order, and their events. */
export function fingerprintOf(writes: readonly StreamContent[]): Buffer {
  const hash = createHash('sha256')
  for (const { streamId, events } of writes) {
    // Lengths in front: no two contents run together to the same bytes.
    hash.update(JSON.stringify([streamId, events.length]))
    for (const event of events) hash.update(headerOf(event)).update(event.payload)
  }
  return hash.digest()
}
