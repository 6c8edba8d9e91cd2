import { formatPosition } from '@millrace/contracts'
import type { RecordCopy, StoredEvent } from '@millrace/contracts'

/** What is kept of a record that is set aside: the stored bytes as they are, and what people need to recognise it. */
export function copyOf(stored: StoredEvent): RecordCopy {
  const { metadata } = stored
  return {
    contentType: stored.contentType,
    payload: stored.payload,
    description: {
      id: stored.id,
      type: stored.type,
      schemaVersion: stored.schemaVersion,
      stream: stored.streamId,
      version: stored.version,
      position: formatPosition(stored.position),
      occurredAt: stored.occurredAt.toISOString(),
      recordedAt: stored.recordedAt.toISOString(),
      ...(metadata.correlationId === undefined ? {} : { correlationId: metadata.correlationId }),
      ...(metadata.causationId === undefined ? {} : { causationId: metadata.causationId }),
      ...(metadata.tenant === undefined ? {} : { tenant: metadata.tenant }),
      ...(metadata.actor === undefined ? {} : { actor: `${metadata.actor.kind}:${metadata.actor.id}` }),
    },
    subject: stored.encryption?.subject,
  }
}
