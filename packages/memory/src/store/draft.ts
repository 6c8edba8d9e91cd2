import { InvalidValueError } from '@millrace/contracts'
import type {
  AppendReceipt,
  CommitId,
  EncodedEvent,
  EventId,
  EventVersion,
  IdFactory,
  StoredEvent,
} from '@millrace/contracts'

import { receiptOf } from '../log/commits.ts'
import type { MemoryStream } from './memory-stream.ts'

/** What the drafts of one commit share. */
export interface Stamp {
  readonly commitId: CommitId
  readonly generation: string
  readonly sequence: number
  readonly recordedAt: Date
  readonly mint: IdFactory
  /** Where the commit's id was minted: it, until an event has it. */
  unusedId: EventId | undefined
  /** Index of the next event in the commit. */
  index: number
}

/** The time a fact gets: the caller's, which must not decrease, else the later of now and the stream's last. */
function occurredAt({ occurredAt: given }: EncodedEvent, last: number, recordedAt: Date): Date {
  if (given === undefined) return recordedAt.getTime() >= last ? recordedAt : new Date(last)
  if (given.getTime() < last)
    throw new InvalidValueError(
      'event.occurredAt',
      `not before the stream's last event (${new Date(last).toISOString()})`,
    )
  return given
}

/** Where an event goes in its stream. */
interface Place {
  /** The version before it. */
  readonly version: number
  /** The occurred-at before it, in epoch milliseconds. */
  readonly lastOccurredAt: number
}

function nextId(stamp: Stamp): EventId {
  const id = stamp.unusedId ?? stamp.mint()
  stamp.unusedId = undefined
  return id
}

function draftOne(stream: MemoryStream, event: EncodedEvent, stamp: Stamp, place: Place): StoredEvent {
  const { commitId, generation, sequence, recordedAt } = stamp
  return {
    id: event.id ?? nextId(stamp),
    streamId: stream.id,
    type: event.type,
    schemaVersion: event.schemaVersion,
    version: (place.version + 1) as EventVersion,
    position: { generation, commit: sequence, index: stamp.index++ },
    commitId,
    occurredAt: occurredAt(event, place.lastOccurredAt, recordedAt),
    recordedAt,
    metadata: event.metadata,
    tags: event.tags,
    bucket: stream.bucket,
    contentType: event.contentType,
    payload: event.payload,
    encryption: event.encryption,
    previousHash: undefined,
  }
}

/** Builds what would be written; the stream is left as it is. */
export function draft(stream: MemoryStream, encoded: readonly EncodedEvent[], stamp: Stamp): StoredEvent[] {
  const [first] = encoded
  if (first !== undefined && encoded.length === 1) return [draftOne(stream, first, stamp, stream)]
  let place: Place = stream
  const events: StoredEvent[] = []
  for (const event of encoded) {
    const stored = draftOne(stream, event, stamp, place)
    place = { version: stored.version, lastOccurredAt: stored.occurredAt.getTime() }
    events.push(stored)
  }
  return events
}

/** The result of an append that wrote these events. */
export function receiptFor(stream: MemoryStream, events: readonly StoredEvent[]): AppendReceipt {
  const last = events.at(-1)
  if (last !== undefined) return receiptOf(last)
  const { id: streamId, currentVersion: version } = stream
  return { streamId, version, position: undefined, commitId: undefined, replayed: false }
}
