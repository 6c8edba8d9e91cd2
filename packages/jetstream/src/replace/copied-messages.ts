import type { CommitId, CopiedCommit, CopiedWrite, ForeignId } from '@millrace/contracts'

import { formatPointer } from '../append/foreign-pointer.ts'
import type { StreamResult } from '../append/receipt.ts'
import { trailLine } from '../append/stream-head.ts'
import type { StreamHead } from '../append/stream-head.ts'
import type { MessagePlace } from '../wire/commit-header.ts'
import { guardLine, headerBlock, sealed } from '../wire/encode-message.ts'
import type { Draft, EventWriter, OutgoingEvent } from '../wire/encode-message.ts'
import { splitDrafts } from '../wire/split-drafts.ts'
import type { Subjects } from '../wire/subjects.ts'
import { extendTrail, noTrail } from '../wire/trail.ts'

/** Header of a copied message: number of the commit in the log that is copied. */
export const sourceHeaderName = 'Millrace-Source'

/** A message of a copy. */
export interface CopiedMessage {
  readonly subject: string
  readonly headers: Uint8Array
  readonly payload: string | Uint8Array
}

/** A commit as messages, and the heads as they leave them. */
export interface CopiedMessages {
  readonly messages: readonly CopiedMessage[]
  readonly heads: ReadonlyMap<string, StreamHead>
}

/** What writing copied messages needs. */
export interface CopyWriting {
  readonly name: string
  readonly subjects: Subjects
  readonly writer: EventWriter
  readonly maxPayload: number
  readonly headOf: (subject: string) => StreamHead
}

interface Piece {
  readonly write: CopiedWrite
  readonly subject: string
  readonly draft: Draft
  /** Of its first event in the stream's write. */
  readonly from: number
}

function outgoing({ events }: CopiedWrite): OutgoingEvent[] {
  return events.map((event) => ({ event, id: event.id, occurredAt: event.occurredAt.getTime() }))
}

function piecesOf({ writes }: CopiedCommit, { writer, subjects, maxPayload }: CopyWriting): readonly Piece[] {
  return writes.flatMap((write) => {
    const [subject, events] = [subjects.stream(write.streamId), outgoing(write)]
    const draftOf = (from: number, to: number): Draft => writer.draft(events.slice(from, to))
    return splitDrafts(draftOf, events.length, maxPayload).map((part) => ({ write, subject, ...part }))
  })
}

const firstVersion = ({ tombstone }: CopiedWrite, head: StreamHead): number =>
  tombstone?.version ?? head.version + 1

function resultsOf({ writes }: CopiedCommit, { subjects, headOf }: CopyWriting): readonly StreamResult[] {
  let index = -1
  return writes.map((write) => {
    const { streamId, events } = write
    index += events.length
    const version = firstVersion(write, headOf(subjects.stream(streamId))) + events.length - 1
    return { streamId, version, lastIndex: index }
  })
}

/** The lines that make a copy's messages a chain: each is stored behind the one before it, and nowhere else. */
function chainLines(name: string, before: number, source: number): string {
  return (
    guardLine('Nats-Expected-Stream', name) +
    guardLine('Nats-Expected-Last-Sequence', before) +
    guardLine(sourceHeaderName, source)
  )
}

function placeOf(
  { write, from }: Piece,
  head: StreamHead,
  at: { readonly index: number; readonly part: number; readonly of: number; readonly commitId: CommitId },
): MessagePlace {
  const { tombstone } = write
  return { ...at, version: firstVersion(write, head) + from, createdAt: tombstone?.createdAt.getTime() }
}

function headAfter(
  { write, draft, from }: Piece,
  before: StreamHead,
  sequence: number,
  first: StreamHead,
): StreamHead {
  const tombstoned = write.tombstone !== undefined
  return {
    version: firstVersion(write, first) + from + draft.count - 1,
    sequence,
    occurredAt: Math.max(before.occurredAt, draft.occurredAt),
    tombstoned,
    trail: tombstoned ? noTrail : extendTrail(before.trail, sequence),
  }
}

/** The messages of a commit, behind the message with the number `after`. */
export function copiedMessages(
  commit: CopiedCommit,
  foreignId: ForeignId | undefined,
  after: number,
  writing: CopyWriting,
): CopiedMessages {
  const { name, subjects, headOf } = writing
  const { commitId } = commit
  const source = commit.source.commit
  const pieces = piecesOf(commit, writing)
  const messages: CopiedMessage[] = []
  const heads = new Map<string, StreamHead>()
  if (foreignId !== undefined) {
    const payload = formatPointer({ commitId, messages: pieces.length, streams: resultsOf(commit, writing) })
    const headers = headerBlock(chainLines(name, after, source))
    messages.push({ subject: subjects.foreignId(foreignId), headers, payload })
  }
  let index = 0
  for (const [i, piece] of pieces.entries()) {
    const { subject, draft, from } = piece
    const first = headOf(subject)
    const before = heads.get(subject) ?? first
    const place = placeOf(piece, first, { index, part: i + 1, of: pieces.length, commitId })
    const isLast = i === pieces.length - 1
    const at = after + messages.length
    const lines =
      // On the last: where a copy ends within a commit, its id is not known yet.
      (isLast ? guardLine('Nats-Msg-Id', commitId) : '') +
      chainLines(name, at, source) +
      (from === 0 && piece.write.tombstone === undefined ? trailLine(first) : '')
    messages.push({ subject, ...sealed(draft, place, lines) })
    heads.set(subject, headAfter(piece, before, at + 1, first))
    index += draft.count
  }
  return { messages, heads }
}
