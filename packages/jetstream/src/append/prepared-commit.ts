import { occurrenceOf } from '@millrace/contracts'
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

import type { OutgoingEvent } from '../wire/encode-message.ts'
import type { Subjects } from '../wire/subjects.ts'

/** One stream's part of a commit, checked and encoded. */
export interface PreparedWrite extends Occurrence {
  readonly streamId: StreamId
  readonly subject: string
  readonly expected: ExpectedVersion
  readonly events: readonly EncodedEvent[]
  /** Of each event; those the caller left out are minted once, whatever it takes to get the commit stored. */
  readonly ids: readonly EventId[]
}

/** A commit that can be sent as often as it takes. */
export interface PreparedCommit {
  readonly commitId: CommitId
  /** The caller gave the id, so that somebody may have sent the commit before. */
  readonly named: boolean
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
  readonly subjects: Subjects
}

const noIds: readonly EventId[] = []

function prepareWrite(
  { streamId, expected, events }: WriteInput,
  options: CommitOptions,
  parts: PrepareParts,
  now: number,
): PreparedWrite {
  const encoded = events.map((event) => parts.encode(event, options.metadata))
  const { occurredAt, lastOccurredAt, firstGivenAt } = occurrenceOf(encoded, now)
  const ids = encoded.length === 0 ? noIds : encoded.map(({ id }) => id ?? parts.mint())
  const subject = parts.subjects.stream(streamId)
  return { streamId, subject, expected, events: encoded, ids, occurredAt, lastOccurredAt, firstGivenAt }
}

/**
 * Encodes and checks everything that can be checked without the server.
 * @throws what {@link EventEncoder} throws, and {@link InvalidValueError} for times that decrease
 */
export function prepareCommit(
  inputs: readonly WriteInput[],
  options: CommitOptions,
  parts: PrepareParts,
): PreparedCommit {
  const now = parts.now()
  const writes = inputs.map((input) => prepareWrite(input, options, parts, now))
  const first = writes.find(({ events }) => events.length > 0)
  const given = options.commitId ?? first?.events[0]?.id
  return {
    commitId: (given ?? first?.ids[0] ?? parts.mint()) as string as CommitId,
    named: given !== undefined,
    foreignId: options.foreignId,
    writes,
  }
}

/** Some of a write's events as they are sent; none occurred before `floor`, the stream's last. */
export function outgoingEvents(
  write: PreparedWrite,
  from: number,
  to: number,
  floor: number,
): OutgoingEvent[] {
  const { events, ids, occurredAt, lastOccurredAt } = write
  const outgoing: OutgoingEvent[] = []
  for (let i = from; i < to; i++) {
    const [event, id] = [events[i], ids[i]]
    if (event === undefined || id === undefined) throw new RangeError(`write has no event ${i}`)
    outgoing.push({ event, id, occurredAt: Math.max(occurredAt?.[i] ?? lastOccurredAt, floor) })
  }
  return outgoing
}
