import {
  createEventEncoder,
  EventSerializationError,
  InvalidValueError,
  isJsonContentType,
} from '@millrace/contracts'
import type { EncodedEvent, EventEncoder, EventEncoderOptions } from '@millrace/contracts'

const reserved = /^nats-/i

/** JetStream acts upon headers of these names; no field of an event's may ever look like one. */
function checkCustom({ custom }: EncodedEvent['metadata']): void {
  if (custom === undefined) return
  for (const name in custom)
    if (reserved.test(name))
      throw new InvalidValueError('metadata.custom', 'without names that begin with Nats-')
}

/** What a serializer of the user's gives is written beside others and as UTF-8: it has to be what it says it is. */
function checkText({ type, contentType, payload }: EncodedEvent): void {
  if (typeof payload !== 'string') return
  if (!payload.isWellFormed())
    throw new EventSerializationError(type, 'its serializer gave text with lone surrogates')
  if (!isJsonContentType(contentType)) return
  try {
    JSON.parse(payload)
  } catch (cause) {
    throw new EventSerializationError(type, 'its serializer gave text that is not JSON', { cause })
  }
}

/** The encoder of a store on JetStream. */
export function createWireEncoder(options: EventEncoderOptions): EventEncoder {
  const encode = createEventEncoder(options)
  const isOwn = options.serializer !== undefined
  return (event, appendMetadata) => {
    const encoded = encode(event, appendMetadata)
    checkCustom(encoded.metadata)
    if (isOwn) checkText(encoded)
    return encoded
  }
}
