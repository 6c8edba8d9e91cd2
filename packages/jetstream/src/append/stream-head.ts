import { StreamCorruptError, tombstoneType } from '@millrace/contracts'
import type { StreamHead as KnownHead, StreamId } from '@millrace/contracts'

import { headerOf } from '../link/raw-message.ts'
import { decodeMessage } from '../wire/decode-message.ts'
import type { DecodeParts, EventsMessage } from '../wire/decode-message.ts'
import type { StoredMessage } from '../wire/stored-message.ts'
import { extendTrail, noTrail, storedTrail, trailHeaderName } from '../wire/trail.ts'
import type { Trail } from '../wire/trail.ts'

/** A stream as an append found it. */
export interface StreamHead extends KnownHead {
  /** Of the stream's last message; 0 where there is none. The next append is guarded by it. */
  readonly sequence: number
  /** Of the stream's next message. */
  readonly trail: Trail
}

/** The head of a stream that does not exist. */
export const noHead: StreamHead = {
  version: 0,
  sequence: 0,
  occurredAt: 0,
  tombstoned: false,
  trail: noTrail,
}

/** True where the message closes its stream. */
function isTombstone({ events }: EventsMessage): boolean {
  return events.length === 1 && events[0]?.type === tombstoneType
}

/** @throws {@link StreamCorruptError} for a message that is not one of the stream's events */
export function decodeEvents(message: StoredMessage, streamId: StreamId, parts: DecodeParts): EventsMessage {
  const decoded = decodeMessage(message, parts)
  if (decoded.kind === 'events') return decoded
  const reason = decoded.kind === 'malformed' ? decoded.reason : 'it holds no events'
  throw new StreamCorruptError({ streamId, sequence: message.sequence, reason })
}

/** The head a stream has with this as its last message. */
export function headAfter(last: EventsMessage, { headers }: Pick<StoredMessage, 'headers'>): StreamHead {
  const { sequence, header } = last
  const { version, count, occurredAt } = header
  const trail = extendTrail(storedTrail(headerOf(headers, trailHeaderName), sequence), sequence)
  return { version: version + count - 1, sequence, occurredAt, tombstoned: isTombstone(last), trail }
}

/** Header line of a stream's next message, empty for its first. */
export function trailLine({ trail }: StreamHead): string {
  return trail.length === 0 ? '' : `${trailHeaderName}: ${trail.text}\r\n`
}
