import {
  ConcurrencyError,
  InvalidValueError,
  satisfiesExpectation,
  StreamNotFoundError,
  StreamTombstonedError,
} from '@millrace/contracts'
import type { ExpectedVersion, StreamId } from '@millrace/contracts'

/** A stream as an append found it. */
export interface StreamHead {
  /** 0 where there is no stream. */
  readonly version: number
  readonly tombstoned: boolean
  /** Milliseconds; 0 where there is no stream. */
  readonly occurredAt: number
}

/** The head of a stream that does not exist. */
export const noHead: StreamHead = { version: 0, tombstoned: false, occurredAt: 0 }

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
