import { bucketOfStream, categoryOf, occurrenceOf } from '@millrace/contracts'
import type {
  CommitId,
  CommitOptions,
  EncodedEvent,
  EventEncoder,
  EventId,
  ExpectedVersion,
  ForeignId,
  IdFactory,
  NewEvent,
  Occurrence,
  StreamId,
} from '@millrace/contracts'

import { fingerprintOf } from './fingerprint.ts'

/** One stream's part of a commit, checked and encoded. */
export interface PreparedWrite extends Occurrence {
  readonly streamId: StreamId
  readonly category: string
  readonly bucket: number
  readonly expected: ExpectedVersion
  readonly events: readonly EncodedEvent[]
  /** Bytes of all payloads, and of the largest. */
  readonly payloadBytes: number
  readonly largestPayload: number
}

/** A commit that can be sent as often as it takes. */
export interface PreparedCommit {
  readonly commitId: CommitId
  /** Undefined where nobody can repeat the commit, because the store minted its id. */
  readonly fingerprint: Buffer | undefined
  readonly foreignId: ForeignId | undefined
  readonly writes: readonly PreparedWrite[]
}

/** One stream's events before they are prepared. */
export interface WriteInput {
  readonly streamId: StreamId
  readonly events: readonly NewEvent[]
  readonly expected: ExpectedVersion
}

/** What preparing needs from the store. */
export interface PrepareParts {
  readonly encode: EventEncoder
  readonly mint: IdFactory
  /** Epoch milliseconds. */
  readonly now: () => number
}

/**
 * Mints the ids of a commit's events, in their order. Where the commit's own id was minted it is that of its first
 * event, as it is where the caller gave the event's.
 */
export function eventIdsOf(
  { commitId, fingerprint }: Pick<PreparedCommit, 'commitId' | 'fingerprint'>,
  mint: IdFactory,
): IdFactory {
  if (fingerprint !== undefined) return mint
  let first: EventId | undefined = commitId as string as EventId
  return () => {
    const id = first ?? mint()
    first = undefined
    return id
  }
}

function sizesOf(events: readonly EncodedEvent[]): Pick<PreparedWrite, 'payloadBytes' | 'largestPayload'> {
  let [payloadBytes, largestPayload] = [0, 0]
  for (const { payload } of events) {
    const bytes = Buffer.byteLength(payload)
    payloadBytes += bytes
    if (bytes > largestPayload) largestPayload = bytes
  }
  return { payloadBytes, largestPayload }
}

function prepareWrite(
  { streamId, expected }: WriteInput,
  events: readonly EncodedEvent[],
  now: number,
): PreparedWrite {
  const { occurredAt, lastOccurredAt, firstGivenAt } = occurrenceOf(events, now)
  const { payloadBytes, largestPayload } = sizesOf(events)
  return {
    streamId,
    category: categoryOf(streamId),
    bucket: bucketOfStream(streamId),
    expected,
    events,
    occurredAt,
    lastOccurredAt,
    firstGivenAt,
    payloadBytes,
    largestPayload,
  }
}

/**
 * Encodes and checks everything that can be checked without the database.
 * @throws what {@link EventEncoder} throws, and {@link InvalidValueError} for times that decrease
 */
export function prepareCommit(
  inputs: readonly WriteInput[],
  options: CommitOptions,
  parts: PrepareParts,
): PreparedCommit {
  const { encode, mint, now } = parts
  const at = now()
  const writes = inputs.map((input) => {
    const events = input.events.map((event) => encode(event, options.metadata))
    return prepareWrite(input, events, at)
  })
  const firstId = writes.find(({ events }) => events.length > 0)?.events[0]?.id
  const given = options.commitId ?? (firstId as string | undefined as CommitId | undefined)
  return {
    commitId: given ?? (mint() as string as CommitId),
    fingerprint: given === undefined ? undefined : fingerprintOf(writes),
    foreignId: options.foreignId,
    writes,
  }
}
