import type { Envelope, StoredEvent } from '../envelope/envelope.ts'
import { isMillraceError } from '../errors/millrace-error.ts'
import type { MillraceError } from '../errors/millrace-error.ts'
import { EventSerializationError, UpcasterFailedError } from '../errors/value-errors.ts'
import { jsonSerializer } from './serializer.ts'
import type { Serializer } from './serializer.ts'

/** Turns a stored event into none, one or several envelopes; throws typed errors only. */
export interface EventDecoder {
  (stored: StoredEvent): readonly Envelope[]
  /** See {@link UpcastHook.storedTypes}. Undefined: an event is read as the type under which it is stored. */
  readonly storedTypes?: UpcastHook['storedTypes']
}

/** Gives back the plain payload of an encrypted event. */
export type DecryptHook = (stored: StoredEvent) => string | Uint8Array

/** Lifts decoded events to their current schemas; filled by the upcasting package. */
export interface UpcastHook {
  /** One envelope, itself where it is current; several (a split) or none (a drop). */
  (envelope: Envelope): Envelope | readonly Envelope[]
  /** The types under which the events lie that may be read as one of the given ones: what a filter of a log needs. */
  readonly storedTypes?: ((types: readonly string[]) => readonly string[]) | undefined
  /**
   * Validates a lifted event against its current schema; types it does not know pass.
   * @throws {@link UnknownEventVersionError} {@link EventSerializationError}
   */
  readonly validate?: ((envelope: Envelope) => void) | undefined
}

/** An event that could not be lifted and was left out. */
export interface SkippedEvent {
  readonly stored: StoredEvent
  /** An {@link UpcasterFailedError} or {@link UnknownEventVersionError}, for example. */
  readonly error: MillraceError
}

/** Settings of {@link createEventDecoder}. */
export interface EventDecoderOptions {
  /** Found by content type. @defaultValue JSON only */
  readonly serializers?: readonly Serializer[]
  /** Filled by the privacy package. @defaultValue an encrypted event is an error */
  readonly decrypt?: DecryptHook
  /** Filled by the upcasting package. @defaultValue every event is current */
  readonly upcast?: UpcastHook
  /**
   * Leaves an event out whose upcast fails, and tells it here. Not for readers that decide on what they read: part of
   * it is missing then. @defaultValue the failure is thrown
   */
  readonly onSkip?: (skipped: SkippedEvent) => void
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

function lift(upcast: UpcastHook, envelope: Envelope): readonly Envelope[] {
  try {
    const lifted = upcast(envelope)
    return Array.isArray(lifted) ? (lifted as readonly Envelope[]) : [lifted as Envelope]
  } catch (cause) {
    if (isMillraceError(cause)) throw cause
    const { type: eventType, schemaVersion, id: eventId } = envelope
    throw new UpcasterFailedError({ eventType, schemaVersion, eventId }, { cause })
  }
}

function envelopeOf(stored: StoredEvent, data: unknown): Envelope {
  return {
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
}

/** The one decoding pipeline of every reader: decrypt, deserialize, upcast. */
export function createEventDecoder(options: EventDecoderOptions = {}): EventDecoder {
  const { serializers = [jsonSerializer], decrypt, upcast, onSkip } = options
  const byContentType = new Map(serializers.map((serializer) => [serializer.contentType, serializer]))
  const read = (stored: StoredEvent): Envelope =>
    envelopeOf(stored, decodeData(stored, byContentType.get(stored.contentType), decrypt))
  if (upcast === undefined) return (stored) => [read(stored)]
  const { storedTypes } = upcast
  return Object.assign(liftingDecoder(read, upcast, onSkip), { storedTypes })
}

function liftingDecoder(
  read: (stored: StoredEvent) => Envelope,
  upcast: UpcastHook,
  onSkip: EventDecoderOptions['onSkip'],
): EventDecoder {
  if (onSkip === undefined) return (stored) => lift(upcast, read(stored))
  return (stored) => {
    const envelope = read(stored)
    try {
      return lift(upcast, envelope)
    } catch (error) {
      onSkip({ stored, error: error as MillraceError })
      return []
    }
  }
}
