import { PayloadTooLargeError } from '@millrace/contracts'

import { guardLine, headerBlock, sealed } from '../wire/encode-message.ts'
import type { Draft, EncodedMessage, EventWriter } from '../wire/encode-message.ts'
import { splitDrafts } from '../wire/split-drafts.ts'
import type { Subjects } from '../wire/subjects.ts'
import { extendTrail } from '../wire/trail.ts'
import { formatPointer } from './foreign-pointer.ts'
import { outgoingEvents } from './prepared-commit.ts'
import type { PreparedCommit, PreparedWrite } from './prepared-commit.ts'
import type { StreamResult } from './receipt.ts'
import { noHead, trailLine } from './stream-head.ts'
import type { StreamHead } from './stream-head.ts'

/** A message of a batch, before it is told which one it is. */
interface BatchMessage extends EncodedMessage {
  readonly subject: string
}

/** What writing a batch needs. */
export interface BatchInput {
  readonly commit: PreparedCommit
  /** Of every stream of the commit, by subject. */
  readonly heads: ReadonlyMap<string, StreamHead>
  readonly name: string
  readonly subjects: Subjects
  readonly writer: EventWriter
  readonly maxPayload: number
  /** Of this process; where guards of streams that are only checked lie. */
  readonly fence: string
  /** Header lines for the message with this number, from 1; the last is told so. */
  readonly linesOf: (number: number, isLast: boolean) => string
}

/** What a commit becomes. */
export interface Batch {
  readonly messages: readonly BatchMessage[]
  readonly results: readonly StreamResult[]
  /** The heads as the batch leaves them, by subject, once the sequence of its last message is known. */
  readonly headsAt: (sequence: number) => ReadonlyMap<string, StreamHead>
}

/** The most messages JetStream takes in one batch. */
const maxBatchMessages = 1000

interface Piece {
  readonly write: PreparedWrite
  readonly draft: Draft
  /** Of its first event in the stream's write. */
  readonly from: number
}

const isWritten = ({ events }: PreparedWrite): boolean => events.length > 0

const headOf = ({ heads }: BatchInput, { subject }: PreparedWrite): StreamHead => heads.get(subject) ?? noHead

/** The write's events in about as few messages as the server's limit allows. */
function piecesOf(input: BatchInput, write: PreparedWrite): readonly Piece[] {
  const { writer, maxPayload } = input
  const floor = headOf(input, write).occurredAt
  const draftOf = (from: number, to: number): Draft => writer.draft(outgoingEvents(write, from, to, floor))
  return splitDrafts(draftOf, write.events.length, maxPayload).map((part) => ({ write, ...part }))
}

const guard = (sequence: number): string => guardLine('Nats-Expected-Last-Subject-Sequence', sequence)

/** Guards of the streams that are checked and not written, in front: a guard behind a write would look at that write. */
function checkedLines({ commit, heads }: BatchInput): readonly string[] {
  return commit.writes
    .filter((write) => !isWritten(write) && write.expected !== 'any')
    .map(
      ({ subject }) =>
        `${guard(heads.get(subject)?.sequence ?? 0)}${guardLine('Nats-Expected-Last-Subject-Sequence-Subject', subject)}${guardLine('Nats-TTL', '1s')}`,
    )
}

function resultsOf({ commit, heads }: BatchInput): readonly StreamResult[] {
  let index = -1
  return commit.writes.map(({ streamId, subject, events }) => {
    index += events.length
    const version = (heads.get(subject)?.version ?? 0) + events.length
    return { streamId, version, lastIndex: events.length === 0 ? undefined : index }
  })
}

interface Unnumbered {
  readonly subject: string
  readonly write: (lines: string) => EncodedMessage
}

function eventMessages(input: BatchInput, pieces: readonly Piece[]): readonly Unnumbered[] {
  const { commit, name } = input
  const { commitId } = commit
  let index = 0
  return pieces.map(({ write, draft, from }, i) => {
    const head = headOf(input, write)
    const place = {
      version: head.version + from + 1,
      index,
      part: i + 1,
      of: pieces.length,
      commitId,
      createdAt: undefined,
    }
    index += draft.count
    // JetStream takes an id once: the first message has the commit's. Only a stream's first message is guarded.
    const id = i === 0 ? guardLine('Nats-Msg-Id', commitId) : ''
    const guards = `${id}${guardLine('Nats-Expected-Stream', name)}${from === 0 ? guard(head.sequence) + trailLine(head) : ''}`
    return { subject: write.subject, write: (lines) => sealed(draft, place, lines + guards) }
  })
}

function pointerMessage(
  { commit, subjects }: BatchInput,
  messages: number,
  streams: readonly StreamResult[],
): readonly Unnumbered[] {
  const { foreignId, commitId } = commit
  if (foreignId === undefined) return []
  const payload = formatPointer({ commitId, messages, streams })
  const write = (lines: string): EncodedMessage => ({ headers: headerBlock(lines + guard(0)), payload })
  return [{ subject: subjects.foreignId(foreignId), write }]
}

function headsAt(input: BatchInput, pieces: readonly Piece[], last: number): ReadonlyMap<string, StreamHead> {
  const heads = new Map<string, StreamHead>()
  for (const [i, { write, draft, from }] of pieces.entries()) {
    const version = headOf(input, write).version + from + draft.count
    const sequence = last - (pieces.length - 1 - i)
    const trail = extendTrail((heads.get(write.subject) ?? headOf(input, write)).trail, sequence)
    heads.set(write.subject, { version, sequence, occurredAt: draft.occurredAt, tombstoned: false, trail })
  }
  return heads
}

/** A commit as messages that are stored all or none. @throws {@link PayloadTooLargeError} where even so it is too large */
export function batchOf(input: BatchInput): Batch {
  const pieces = input.commit.writes.flatMap((write) => piecesOf(input, write))
  const results = resultsOf(input)
  const checks = checkedLines(input).map((check, i) => ({
    subject: `${input.fence}${i}`,
    write: (lines: string): EncodedMessage => ({ headers: headerBlock(lines + check), payload: '' }),
  }))
  const all = [...checks, ...pointerMessage(input, pieces.length, results), ...eventMessages(input, pieces)]
  if (all.length > maxBatchMessages)
    throw new PayloadTooLargeError('a commit, counted in messages,', {
      bytes: all.length,
      maxBytes: maxBatchMessages,
    })
  const messages = all.map(({ subject, write }, i) => ({
    subject,
    ...write(input.linesOf(i + 1, i === all.length - 1)),
  }))
  return { messages, results, headsAt: (sequence) => headsAt(input, pieces, sequence) }
}
