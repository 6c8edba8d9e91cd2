import type { Envelope, StoredEvent } from '../envelope/envelope.ts'
import { isMillraceError } from '../errors/millrace-error.ts'
import { EventSerializationError } from '../errors/value-errors.ts'
import { jsonSerializer } from './serializer.ts'
import type { Serializer } from './serializer.ts'

/** Turns a stored event into none, one or several envelopes; throws typed errors only. */
export type EventDecoder = (stored: StoredEvent) => readonly Envelope[]

/** Gives back the plain payload of an encrypted event. */
export type DecryptHook = (stored: StoredEvent) => string | Uint8Array

/** Lifts a decoded event to its current schema: itself, several (a split) or none (a drop). */
export type UpcastHook = (envelope: Envelope) => readonly Envelope[]

/** Settings of {@link createEventDecoder}. */
export interface EventDecoderOptions {
  /** Found by content type. @defaultValue JSON only */
  readonly serializers?: readonly Serializer[]
  /** Filled by the privacy package. @defaultValue an encrypted event is an error */
  readonly decrypt?: DecryptHook
  /** Filled by the upcasting package. @defaultValue every event is current */
  readonly upcast?: UpcastHook
}

function decodeData(
  stored: StoredEvent,
  serializer: Serializer | undefined,
  decrypt: DecryptHook | undefined,
): unknown {
  if (serializer === undefined)
    throw new EventSerializationError(stored.type, `no serializer for content type ${stored.contentType}`)
  if (stored.encryption !== undefined && decrypt === undefined)
    throw new EventSerializationError(stored.type, 'its data is encrypted and no decryption is configured')
  try {
    const payload = stored.encryption === undefined ? stored.payload : (decrypt?.(stored) ?? stored.payload)
    return serializer.deserialize(payload)
  } catch (cause) {
    if (isMillraceError(cause)) throw cause
    throw new EventSerializationError(stored.type, `its data cannot be read (event ${stored.id})`, { cause })
  }
}

function runUpcast(upcast: UpcastHook, envelope: Envelope): readonly Envelope[] {
  try {
    return upcast(envelope)
  } catch (cause) {
    if (isMillraceError(cause)) throw cause
    throw new EventSerializationError(envelope.type, `its upcast failed (event ${envelope.id})`, { cause })
  }
}

/** The one decoding pipeline of every reader: decrypt, deserialize, upcast. */
export function createEventDecoder(options: EventDecoderOptions = {}): EventDecoder {
  const { serializers = [jsonSerializer], decrypt, upcast } = options
  const byContentType = new Map(serializers.map((serializer) => [serializer.contentType, serializer]))
  return (stored) => {
    const data = decodeData(stored, byContentType.get(stored.contentType), decrypt)
    const envelope: Envelope = {
      id: stored.id,
      streamId: stored.streamId,
      type: stored.type,
      schemaVersion: stored.schemaVersion,
      version: stored.version,
      position: stored.position,
      commitId: stored.commitId,
      occurredAt: stored.occurredAt,
      recordedAt: stored.recordedAt,
      metadata: stored.metadata,
      tags: stored.tags,
      bucket: stored.bucket,
      data,
    }
    return upcast === undefined ? [envelope] : runUpcast(upcast, envelope)
  }
}
