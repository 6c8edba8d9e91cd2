import {
  createEventDecoder,
  createEventEncoder,
  EventSerializationError,
  jsonSerializer,
  tombstoneType,
} from '@millrace/contracts'
import type {
  CopiedEvent,
  Envelope,
  EventDecoder,
  EventDecoderOptions,
  EventEncoder,
  StoredEvent,
} from '@millrace/contracts'

import { badEvent } from '../report/bad-event.ts'
import type { BadEvent } from '../report/bad-event.ts'
import { partId } from './part-id.ts'

/** How events are read, and brought to their current form. */
export interface TransformOptions {
  /** As the app reads its events: its serializers, its decryption and its upcasters. @defaultValue JSON, nothing to upcast */
  readonly decoding?: EventDecoderOptions
  /** Throws for an event whose data breaks its schema. @defaultValue the upcast hook's own `validate`, where it has one */
  readonly validate?: (envelope: Envelope) => void
  /** The largest event of the copy in bytes. @defaultValue 1_000_000 */
  readonly maxEventBytes?: number
}

/** What an event comes to. */
export type Transformed =
  /** Current as it is: copied byte for byte. */
  | { readonly kind: 'unchanged'; readonly events: readonly CopiedEvent[] }
  /** Lifted; none for one that is dropped, several for one that is split. */
  | { readonly kind: 'changed'; readonly events: readonly CopiedEvent[] }
  | { readonly kind: 'bad'; readonly bad: BadEvent }

/** Brings one stored event to its current form. Never throws. */
export type EventTransformer = (stored: StoredEvent) => Transformed

/** Types of records that stand for something else than an event of the user's begin with it. */
const reserved = '$'

function asItIs(stored: StoredEvent): CopiedEvent {
  const { id, type, schemaVersion, contentType, payload, encryption, occurredAt, metadata, tags } = stored
  return { id, type, schemaVersion, contentType, payload, encryption, occurredAt, metadata, tags }
}

/** Writes lifted events, each with the serializer its original was read with. */
class LiftedEncoder {
  readonly #encoders: ReadonlyMap<string, EventEncoder>

  constructor({
    decoding: { serializers = [jsonSerializer] } = {},
    maxEventBytes = 1_000_000,
  }: TransformOptions) {
    this.#encoders = new Map(
      serializers.map((serializer) => [
        serializer.contentType,
        createEventEncoder({ serializer, maxEventBytes }),
      ]),
    )
  }

  encode(stored: StoredEvent, lifted: Envelope, index: number): CopiedEvent {
    const encode = this.#encoders.get(stored.contentType)
    if (encode === undefined) throw new Error(`no serializer for content type ${stored.contentType}`)
    const { type, schemaVersion, data } = lifted
    const { occurredAt, metadata, tags } = stored
    const id = partId(stored.id, index)
    const encoded = encode({ type, schemaVersion, data, id, occurredAt, metadata, tags })
    return { ...encoded, id, occurredAt }
  }
}

function isUnchanged(lifted: readonly Envelope[], envelope: Envelope): boolean {
  const [only] = lifted
  if (lifted.length !== 1 || only === undefined) return false
  if (only === envelope) return true
  const { type, schemaVersion, data } = envelope
  return only.type === type && only.schemaVersion === schemaVersion && only.data === data
}

function validatorOf({ validate, decoding }: TransformOptions): (envelope: Envelope) => void {
  return validate ?? decoding?.upcast?.validate ?? (() => undefined)
}

interface Steps {
  readonly decode: EventDecoder
  readonly lift: (envelope: Envelope) => readonly Envelope[]
  readonly validate: (envelope: Envelope) => void
  readonly encoder: LiftedEncoder
}

function transform(stored: StoredEvent, { decode, lift, validate, encoder }: Steps): Transformed {
  if (stored.type === tombstoneType) return { kind: 'unchanged', events: [asItIs(stored)] }
  if (stored.type.startsWith(reserved)) throw malformed(stored)
  const [envelope] = decode(stored)
  if (envelope === undefined) throw new Error('a decoder without upcasters gives every event')
  const lifted = lift(envelope)
  for (const one of lifted) validate(one)
  if (isUnchanged(lifted, envelope)) return { kind: 'unchanged', events: [asItIs(stored)] }
  if (stored.encryption !== undefined && lifted.length > 0)
    throw new EventSerializationError(
      stored.type,
      'it is encrypted, and cannot be encrypted anew once it is lifted',
    )
  return { kind: 'changed', events: lifted.map((one, index) => encoder.encode(stored, one, index)) }
}

/** A record that a store made of what it could not read; its metadata says why. */
function malformed({ type, metadata }: StoredEvent): EventSerializationError {
  const reason = metadata.custom?.['reason']
  return new EventSerializationError(type, typeof reason === 'string' ? reason : 'it cannot be read')
}

/** The one way an event is brought to its current form, for copies, for what would change, and for comparing. */
export function createTransformer(options: TransformOptions = {}): EventTransformer {
  const { decoding: { upcast, serializers, decrypt } = {} } = options
  const steps: Steps = {
    decode: createEventDecoder({
      ...(serializers === undefined ? {} : { serializers }),
      ...(decrypt === undefined ? {} : { decrypt }),
    }),
    lift: (envelope) => {
      const lifted = upcast === undefined ? envelope : upcast(envelope)
      return Array.isArray(lifted) ? (lifted as readonly Envelope[]) : [lifted as Envelope]
    },
    validate: validatorOf(options),
    encoder: new LiftedEncoder(options),
  }
  return (stored) => {
    try {
      return transform(stored, steps)
    } catch (error) {
      return { kind: 'bad', bad: badEvent(stored, error) }
    }
  }
}
