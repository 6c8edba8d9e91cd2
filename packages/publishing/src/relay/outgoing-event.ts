import { jsonSerializer, toCloudEvent } from '@millrace/contracts'
import type { CloudEvent, Envelope } from '@millrace/contracts'

/** An event as it is read, as a CloudEvent; bigint, Date and bytes in its data are written as they are stored. */
export function outgoingEvent(envelope: Envelope, source: string): CloudEvent {
  const { data, part, ...header } = envelope
  const stored = {
    ...header,
    contentType: jsonSerializer.contentType,
    payload: jsonSerializer.serialize(data),
    encryption: undefined,
    previousHash: undefined,
  }
  const event = toCloudEvent(stored, source)
  return part === undefined ? event : { ...event, partindex: part.index, partcount: part.count }
}
