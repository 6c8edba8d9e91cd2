import { ConcurrencyError, StreamNotFoundError, StreamTombstonedError } from '../errors/store-errors.ts'
import { InvalidValueError } from '../errors/value-errors.ts'
import type { StreamId } from '../ids/stream-id.ts'
import { satisfiesExpectation } from '../values/event-version.ts'
import type { ExpectedVersion } from '../values/event-version.ts'

/** A stream as an append finds it. */
export interface StreamHead {
  /** 0 where there is no stream. */
  readonly version: number
  readonly tombstoned: boolean
  /** Milliseconds; of the last event, 0 where there is none. */
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

/**
 * @throws {@link StreamTombstonedError}, {@link StreamNotFoundError} or {@link ConcurrencyError}, whichever an append is
 * refused with when its stream is not what it expected
 */
export function checkExpectation(
  { version, tombstoned }: Omit<StreamHead, 'occurredAt'>,
  streamId: StreamId,
  expected: ExpectedVersion,
): void {
  if (tombstoned) throw new StreamTombstonedError(streamId)
  if (expected === 'any' || satisfiesExpectation(expected, version)) return
  if (expected === 'stream-exists') throw new StreamNotFoundError(streamId)
  throw new ConcurrencyError({ streamId, expected, actual: version })
}

/** @throws what {@link checkExpectation} throws, and {@link InvalidValueError} for a time before the stream's last */
export function checkHead(head: StreamHead, { streamId, expected, firstGivenAt }: HeadDemand): void {
  checkExpectation(head, streamId, expected)
  if (firstGivenAt !== undefined && firstGivenAt < head.occurredAt)
    throw new InvalidValueError(
      'event.occurredAt',
      `not before the stream's last event (${new Date(head.occurredAt).toISOString()})`,
    )
}
