import { types } from 'node:util'

import { copyMetadata } from '../envelope/check-metadata.ts'
import type { Encryption, NewEvent } from '../envelope/envelope.ts'
import type { EventMetadata } from '../envelope/metadata.ts'
import { ConfigurationError } from '../errors/operation-errors.ts'
import { PayloadTooLargeError } from '../errors/store-errors.ts'
import { EventSerializationError, InvalidValueError } from '../errors/value-errors.ts'
import type { EventId } from '../ids/ulid.ts'
import { checkFields, checkIdentity, copyOccurredAt, copyTags } from './check-event.ts'
import { SealedData } from './sealed-data.ts'
import { jsonSerializer } from './serializer.ts'
import type { Serializer } from './serializer.ts'

/** A new event with its data encoded, as adapters write it. Shares nothing with what the caller passed. */
export interface EncodedEvent {
  /** The caller's id; undefined where the store is to mint one. */
  readonly id: EventId | undefined
  readonly type: string
  readonly schemaVersion: number
  readonly contentType: string
  readonly payload: string | Uint8Array
  readonly encryption: Encryption | undefined
  readonly occurredAt: Date | undefined
  readonly metadata: EventMetadata
  readonly tags: readonly string[]
}

/** Turns new events into what a store writes; every store encodes with one of these. */
export type EventEncoder = (event: NewEvent, appendMetadata?: EventMetadata) => EncodedEvent

/** Settings of {@link createEventEncoder}. */
export interface EventEncoderOptions {
  /** @defaultValue {@link jsonSerializer} */
  readonly serializer?: Serializer
  /** The largest event in bytes: its payload and its metadata as JSON together. @defaultValue 1_000_000 */
  readonly maxEventBytes?: number
}

const noMetadata: EventMetadata = Object.freeze({})
// What valid metadata has at most as JSON: 8192 bytes of custom, four ids of 255 escaped, the rest.
const mostMetadataBytes = 16_384

function mergeMetadata(shared: EventMetadata | undefined, own: EventMetadata | undefined): EventMetadata {
  if (own === undefined) return shared === undefined ? noMetadata : copyMetadata(shared)
  return shared === undefined ? copyMetadata(own) : { ...copyMetadata(shared), ...copyMetadata(own) }
}

/**
 * Data as a serializer writes it.
 * @throws {@link EventSerializationError} for data it cannot represent, and for a serializer that gives neither text nor bytes
 */
export function serializeData(serializer: Serializer, type: string, data: unknown): string | Uint8Array {
  let payload: string | Uint8Array
  try {
    payload = serializer.serialize(data)
  } catch (cause) {
    // Only our own messages are known to hold no data.
    const reason = cause instanceof InvalidValueError ? cause.message : 'its data cannot be serialized'
    throw new EventSerializationError(type, reason, { cause })
  }
  if (typeof payload === 'string' || types.isUint8Array(payload)) return payload
  throw new EventSerializationError(
    type,
    `serializer ${serializer.contentType} returned neither text nor bytes`,
  )
}

function checkSize(
  type: string,
  { payload, metadata }: Pick<EncodedEvent, 'payload' | 'metadata'>,
  maxBytes: number,
): void {
  // A UTF-16 unit is at most three bytes of UTF-8: far below the limit nothing needs to be counted.
  if (payload.length * 3 + mostMetadataBytes < maxBytes) return
  const bytes = Buffer.byteLength(payload) + Buffer.byteLength(JSON.stringify(metadata))
  if (bytes > maxBytes) throw new PayloadTooLargeError(`event ${type}`, { bytes, maxBytes })
}

/**
 * Validates, copies and serializes new events; nothing invalid gets past it to a store. Fields a {@link NewEvent}
 * does not have are refused, so that none is lost in silence.
 *
 * @throws {@link ConfigurationError} for a limit that is no whole number from 1 up
 * @throws {@link InvalidValueError} naming the field, {@link EventSerializationError} for data the serializer cannot
 * represent and {@link PayloadTooLargeError} above the limit (all when the encoder is called)
 */
export function createEventEncoder(options: EventEncoderOptions = {}): EventEncoder {
  const { serializer = jsonSerializer, maxEventBytes = 1_000_000 } = options
  if (!Number.isSafeInteger(maxEventBytes) || maxEventBytes < 1)
    throw new ConfigurationError('maxEventBytes', 'must be a whole number from 1 up')
  const { contentType } = serializer
  return (event, appendMetadata) => {
    checkFields(event)
    // Each field is read once: what was checked is what is written.
    const { type, data, id, schemaVersion = 1, occurredAt, metadata, tags } = event
    checkIdentity(type, schemaVersion, id)
    const sealed = SealedData.contentOf(data)
    const encoded: EncodedEvent = {
      id,
      type,
      schemaVersion,
      contentType: sealed?.contentType ?? contentType,
      payload: sealed?.payload ?? serializeData(serializer, type, data),
      encryption: sealed?.encryption,
      occurredAt: copyOccurredAt(occurredAt),
      metadata: mergeMetadata(appendMetadata, metadata),
      tags: copyTags(tags),
    }
    checkSize(type, encoded, maxEventBytes)
    return encoded
  }
}
