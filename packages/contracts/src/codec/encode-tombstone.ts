import { copyMetadata } from '../envelope/check-metadata.ts'
import { tombstoneType } from '../events/event-type.ts'
import type { TombstoneOptions } from '../store/event-store.ts'
import type { EncodedEvent } from './encoder.ts'
import { jsonSerializer } from './serializer.ts'

/** The event that closes a stream, as every store writes it. Shares nothing with what the caller passed. */
export function encodeTombstone({ reason, metadata = {} }: TombstoneOptions): EncodedEvent {
  return {
    id: undefined,
    type: tombstoneType,
    schemaVersion: 1,
    contentType: jsonSerializer.contentType,
    payload: jsonSerializer.serialize({ reason }),
    encryption: undefined,
    occurredAt: undefined,
    metadata: copyMetadata(metadata),
    tags: [],
  }
}
