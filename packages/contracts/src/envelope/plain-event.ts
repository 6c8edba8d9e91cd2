import type { StoredEvent } from './envelope.ts'

/** A stored event as an object that has all fields itself: for JSON and copies of one whose fields are getters. */
export function plainEvent(event: StoredEvent): StoredEvent {
  const { id, streamId, type, schemaVersion, version, position, commitId, occurredAt, recordedAt } = event
  const { metadata, tags, bucket, contentType, payload, encryption, previousHash } = event
  return {
    id,
    streamId,
    type,
    schemaVersion,
    version,
    position,
    commitId,
    occurredAt,
    recordedAt,
    metadata,
    tags,
    bucket,
    contentType,
    payload,
    encryption,
    previousHash,
  }
}
