import {
  ConcurrencyError,
  InvalidValueError,
  satisfiesExpectation,
  StreamCorruptError,
  StreamNotFoundError,
  StreamTombstonedError,
  tombstoneType,
} from '@millrace/contracts'
import type { ExpectedVersion, StreamId } from '@millrace/contracts'

import { headerOf } from '../link/raw-message.ts'
import { decodeMessage } from '../wire/decode-message.ts'
import type { DecodeParts, EventsMessage } from '../wire/decode-message.ts'
import type { StoredMessage } from '../wire/stored-message.ts'
import { extendTrail, noTrail, storedTrail, trailHeaderName } from '../wire/trail.ts'
import type { Trail } from '../wire/trail.ts'

/** A stream as an append found it. */
export interface StreamHead {
  /** 0 where there is no stream. */
  readonly version: number
  /** Of the stream's last message; 0 where there is none. The next append is guarded by it. */
  readonly sequence: number
  /** Milliseconds; of the last event; 0 where there is none. */
  readonly occurredAt: number
  readonly tombstoned: boolean
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

/** What an append asks of the head. */
export interface HeadDemand {
  readonly streamId: StreamId
  readonly expected: ExpectedVersion
  /** Milliseconds; undefined where the store sets the times. */
  readonly firstGivenAt: number | undefined
}

/** @throws what an append is refused with when the head is not what it asks for */
export function checkHead(head: StreamHead, { streamId, expected, firstGivenAt }: HeadDemand): void {
  if (head.tombstoned) throw new StreamTombstonedError(streamId)
  if (expected !== 'any' && !satisfiesExpectation(expected, head.version)) {
    if (expected === 'stream-exists') throw new StreamNotFoundError(streamId)
    throw new ConcurrencyError({ streamId, expected, actual: head.version })
  }
  if (firstGivenAt !== undefined && firstGivenAt < head.occurredAt)
    throw new InvalidValueError(
      'event.occurredAt',
      `not before the stream's last event (${new Date(head.occurredAt).toISOString()})`,
    )
}
