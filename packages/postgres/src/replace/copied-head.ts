import { bucketOfStream, categoryOf } from '@millrace/contracts'
import type { CopiedWrite, StreamId } from '@millrace/contracts'

/** A stream's head in the copy, as its row has it. Times in milliseconds. */
export interface HeadRow {
  readonly streamId: StreamId
  readonly version: number
  readonly occurredAt: number
  readonly previousOccurredAt: number
  readonly createdAt: number
  readonly updatedAt: number
  readonly tombstonedAt: number | null
  readonly payloadBytes: number
  readonly largestPayload: number
}

/** A stream that has nothing yet. */
function newHead(streamId: StreamId, recordedAt: number): HeadRow {
  return {
    streamId,
    version: 0,
    occurredAt: 0,
    previousOccurredAt: 0,
    createdAt: recordedAt,
    updatedAt: recordedAt,
    tombstonedAt: null,
    payloadBytes: 0,
    largestPayload: 0,
  }
}

/** The head after a write that was recorded then. */
export function headAfter(before: HeadRow | undefined, write: CopiedWrite, recordedAt: number): HeadRow {
  const { streamId, events, tombstone } = write
  const head = before ?? newHead(streamId, recordedAt)
  let { payloadBytes, largestPayload, occurredAt } = head
  for (const event of events) {
    const bytes = Buffer.byteLength(event.payload)
    payloadBytes += bytes
    largestPayload = Math.max(largestPayload, bytes)
    occurredAt = Math.max(occurredAt, event.occurredAt.getTime())
  }
  return {
    streamId,
    version: tombstone?.version ?? head.version + events.length,
    occurredAt,
    previousOccurredAt: head.occurredAt,
    createdAt: tombstone?.createdAt.getTime() ?? head.createdAt,
    updatedAt: recordedAt,
    tombstonedAt: tombstone === undefined ? head.tombstonedAt : recordedAt,
    payloadBytes,
    largestPayload,
  }
}

/** Values of `writeHeads`. */
export function headValues(heads: readonly HeadRow[]): readonly unknown[] {
  return [
    heads.map(({ streamId }) => streamId),
    heads.map(({ streamId }) => categoryOf(streamId)),
    heads.map(({ version }) => version),
    heads.map(({ occurredAt }) => occurredAt),
    heads.map(({ previousOccurredAt }) => previousOccurredAt),
    heads.map(({ createdAt }) => createdAt),
    heads.map(({ updatedAt }) => updatedAt),
    heads.map(({ tombstonedAt }) => tombstonedAt),
    heads.map(({ payloadBytes }) => payloadBytes),
    heads.map(({ largestPayload }) => largestPayload),
  ]
}

/** The bucket of a stream's events. */
export const bucketOfHead = ({ streamId }: HeadRow): number => bucketOfStream(streamId)
