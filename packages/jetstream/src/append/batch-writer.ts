import { checkHead, failpoint, NotSupportedError } from '@millrace/contracts'
import type { CommitReceipt } from '@millrace/contracts'

import { NoAnswer } from '../link/no-answer.ts'
import { errorCodes, isRefusal } from '../link/server-refusal.ts'
import { guardLine } from '../wire/encode-message.ts'
import { outcomeOf } from './ack.ts'
import type { Outcome } from './ack.ts'
import { batchOf } from './batch-messages.ts'
import type { Batch } from './batch-messages.ts'
import type { PreparedCommit, PreparedWrite } from './prepared-commit.ts'
import { receiptOf } from './receipt.ts'
import { Sending } from './sending.ts'
import type { StreamHead } from './stream-head.ts'
import { isSilence } from './tries.ts'
import type { WriteParts } from './write-parts.ts'

type Heads = ReadonlyMap<string, StreamHead>

/** One commit's state. */
interface Commit {
  readonly sending: Sending
  /** True while the commit may be a repeat that nobody has looked for yet. */
  mayBeKnown: boolean
  /** The guard of the first stream written to, of the last try that had no answer. */
  guard: number
}

const isWritten = ({ events }: PreparedWrite): boolean => events.length > 0

/** Writes what one message cannot: several streams, a foreign id, or more than the server takes in one. */
export class BatchWriter {
  readonly #parts: WriteParts
  #batches = 0

  constructor(parts: WriteParts) {
    this.#parts = parts
  }

  /** Records all writes or none. @throws {@link NotSupportedError} for a server, or a stream, without atomic batches */
  async commit(commit: PreparedCommit): Promise<CommitReceipt> {
    const { stream, lanes, link, patienceMs, watch } = this.#parts
    const subjects = commit.writes.map(({ subject }) => subject)
    if (!commit.writes.some(isWritten)) return await this.#checkOnly(commit)
    if (!stream.batches)
      throw new NotSupportedError(
        `a commit over several streams, or with a foreign id, needs atomic batches: nats-server 2.12 and allow_atomic on the stream ${stream.name}`,
      )
    const sending = new Sending(commit, { patienceMs, closed: link.closed })
    return await lanes.runAll(subjects, async () => {
      sending.renew(watch.acknowledgedAt)
      sending.checkTime()
      await failpoint('append:before-commit')
      const state: Commit = { sending, mayBeKnown: true, guard: 0 }
      return await sending.until(async () => await this.#try(state))
    })
  }

  /** No events anywhere: only the expectations. */
  async #checkOnly(commit: PreparedCommit): Promise<CommitReceipt> {
    const { stream, link, patienceMs } = this.#parts
    const sending = new Sending(commit, { patienceMs, closed: link.closed })
    return await sending.until(async () => {
      const heads = await this.#heads(commit)
      for (const write of commit.writes) checkHead(headIn(heads, write), write)
      const results = commit.writes.map((write) => ({
        streamId: write.streamId,
        version: headIn(heads, write).version,
        lastIndex: undefined,
      }))
      const place = { generation: stream.generation, commit: 0, replayed: false }
      return { ...receiptOf(commit.commitId, place, results), commitId: undefined }
    })
  }

  async #try(state: Commit): Promise<CommitReceipt | undefined> {
    const { sending } = state
    const { commit } = sending
    const known = state.mayBeKnown ? await this.#findKnown(sending) : undefined
    if (known !== undefined) return known
    state.mayBeKnown = false
    const heads = await this.#heads(commit)
    const found = sending.unanswered ? await this.#lookBehind(state, heads) : undefined
    if (found !== undefined) return found
    const refused = await this.#check(sending, heads)
    if (refused !== undefined) return refused
    const batch = this.#batch(commit, heads)
    const outcome = await this.#send(batch)
    if (outcome.kind === 'recorded') return await this.#recorded(commit, batch, outcome.sequence)
    if (outcome.kind === 'repeated') return await this.#repeated(sending)
    state.guard = headIn(heads, firstWrite(commit)).sequence
    // The foreign id may have been mapped meanwhile; which guard did not hold is not said.
    state.mayBeKnown = commit.foreignId !== undefined
    if (outcome.kind === 'unknown') await sending.sentInVain(outcome.reason)
    else await sending.refusal(outcome.busy)
    return undefined
  }

  async #findKnown({ commit, unanswered }: Sending): Promise<CommitReceipt | undefined> {
    const { known } = this.#parts
    const mapped = commit.foreignId === undefined ? undefined : await known.foreign(commit.foreignId)
    if (mapped !== undefined)
      return unanswered && mapped.commitId === commit.commitId ? asFirst(mapped) : mapped
    return commit.named && known.isOutsideWindow(commit) ? await known.find(commit, false) : undefined
  }

  async #heads(commit: PreparedCommit): Promise<Heads> {
    const { heads } = this.#parts
    const read = commit.writes.map(
      async ({ streamId, subject }) => [subject, await heads.read(streamId, subject)] as const,
    )
    return new Map(await Promise.all(read))
  }

  /** After a try without an answer: a batch is stored whole, so that its first stream tells of all. */
  async #lookBehind({ sending, guard }: Commit, heads: Heads): Promise<CommitReceipt | undefined> {
    const write = firstWrite(sending.commit)
    const { sequence } = headIn(heads, write)
    if (sequence < guard) throw new NoAnswer('stale', write.subject)
    if (sequence === guard) return undefined
    const found = await this.#parts.known.after(sending.commit, write.subject, guard)
    if (found === undefined) sending.settle()
    return found
  }

  async #check(sending: Sending, heads: Heads): Promise<CommitReceipt | undefined> {
    const { commit, unanswered } = sending
    try {
      for (const write of commit.writes) checkHead(headIn(heads, write), write)
      return undefined
    } catch (refusal) {
      const known = commit.named ? await this.#parts.known.find(commit, unanswered) : undefined
      if (known === undefined) throw refusal
      return known
    }
  }

  /** JetStream knows the commit's id. It does not say from where: from the commit's first stream, or another commit. */
  async #repeated({ commit, unanswered }: Sending): Promise<CommitReceipt> {
    const found = await this.#parts.known.find(commit, unanswered)
    if (found !== undefined) return found
    throw this.#parts.known.usedElsewhere(commit)
  }

  #batch(commit: PreparedCommit, heads: Heads): Batch {
    const { stream, subjects, writer, link } = this.#parts
    this.#batches += 1
    // Never twice the same: what is left of an abandoned batch would take it for its own.
    const id = `${commit.commitId}.${this.#parts.token}.${this.#batches.toString(36)}`
    return batchOf({
      commit,
      heads,
      name: stream.name,
      subjects,
      writer,
      maxPayload: link.info.max_payload,
      fence: subjects.fence(`${this.#parts.token}-`),
      linesOf: (number, isLast) =>
        guardLine('Nats-Batch-Id', id) +
        guardLine('Nats-Batch-Sequence', number) +
        (isLast ? guardLine('Nats-Batch-Commit', 1) : ''),
    })
  }

  /** Only the last message is answered, for all: one round trip. */
  async #send({ messages }: Batch): Promise<Outcome> {
    const { link, watch } = this.#parts
    const before = watch.highest
    const last = messages.at(-1)
    if (last === undefined) throw new RangeError('a batch holds at least one message')
    try {
      for (const message of messages.slice(0, -1)) link.publish(message)
      const outcome = outcomeOf(await link.request(last))
      if (outcome.kind === 'recorded') await watch.acknowledged(outcome.sequence, before)
      return outcome
    } catch (error) {
      if (isSilence(error)) return { kind: 'unknown', reason: error }
      if (isRefusal(error, errorCodes.batchDuplicate)) return { kind: 'repeated', sequence: 0 }
      throw error
    }
  }

  async #recorded(commit: PreparedCommit, batch: Batch, sequence: number): Promise<CommitReceipt> {
    const { stream, heads } = this.#parts
    for (const [subject, head] of batch.headsAt(sequence)) heads.set(subject, head)
    await failpoint('append:after-commit')
    const place = { generation: stream.generation, commit: sequence, replayed: false }
    return receiptOf(commit.commitId, place, batch.results)
  }
}

/** The receipt of a commit that a try of this very call recorded. */
function asFirst({ commitId, streams }: CommitReceipt): CommitReceipt {
  return { commitId, replayed: false, streams: streams.map((stream) => ({ ...stream, replayed: false })) }
}

function headIn(heads: Heads, { streamId, subject }: PreparedWrite): StreamHead {
  const head = heads.get(subject)
  if (head === undefined) throw new Error(`the head of ${streamId} was not read`)
  return head
}

function firstWrite({ writes }: PreparedCommit): PreparedWrite {
  const write = writes.find(isWritten)
  if (write === undefined) throw new Error('a batch writes to at least one stream')
  return write
}
