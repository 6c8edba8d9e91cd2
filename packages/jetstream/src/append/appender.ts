import { checkHead, failpoint, PayloadTooLargeError } from '@millrace/contracts'
import type { CommitReceipt } from '@millrace/contracts'

import { NoAnswer } from '../link/no-answer.ts'
import { typedError } from '../link/server-refusal.ts'
import { draftBytes, fits, guardLine, sealed } from '../wire/encode-message.ts'
import type { Draft } from '../wire/encode-message.ts'
import { extendTrail } from '../wire/trail.ts'
import { outcomeOf } from './ack.ts'
import type { Outcome } from './ack.ts'
import { outgoingEvents } from './prepared-commit.ts'
import type { PreparedCommit, PreparedWrite } from './prepared-commit.ts'
import { receiptOf } from './receipt.ts'
import { Sending } from './sending.ts'
import { noHead, trailLine } from './stream-head.ts'
import type { StreamHead } from './stream-head.ts'
import { isSilence } from './tries.ts'
import type { WriteParts } from './write-parts.ts'

/** One append's state. */
interface Append {
  readonly commit: PreparedCommit
  readonly write: PreparedWrite
  /** What `performance.now` said when it was asked for. */
  readonly since: number
  draft: Draft
  /** The guard of the last try. */
  guard: number
}

/** A try, and what came of it. */
interface Sent {
  readonly head: StreamHead
  readonly outcome: Outcome
}

/** Appends one message to one stream: one round trip, unless it is refused or nobody answers. */
export class Appender {
  readonly #parts: WriteParts

  constructor(parts: WriteParts) {
    this.#parts = parts
  }

  /**
   * Records the commit's one write, or says why not; undefined where it takes several messages, and the server can do that.
   * @throws {@link PayloadTooLargeError} where it cannot
   */
  async append(commit: PreparedCommit, write: PreparedWrite): Promise<CommitReceipt | undefined> {
    const { heads, lanes, watch } = this.#parts
    const draft = this.#draft(write, heads.get(write.subject) ?? noHead)
    if (!this.#fitsOne(draft)) return undefined
    let since = performance.now()
    const turn = lanes.enter(write.subject)
    if (turn !== undefined) await turn
    try {
      if (turn !== undefined) {
        // Many appends at once to one stream: the last of them waits for all others, and that is no silence.
        since = Math.max(since, watch.acknowledgedAt)
        this.#sending(commit, since).checkTime()
      }
      const before = failpoint('append:before-commit')
      if (before !== undefined) await before
      const append: Append = { commit, write, since, draft, guard: 0 }
      const head = this.#guess(append)
      if (head === undefined) return await this.#persist(append, undefined)
      const outcome = await this.#send(append, head)
      if (outcome.kind !== 'recorded') return await this.#persist(append, { head, outcome })
      return await this.#recorded(append, head, outcome.sequence)
    } catch (error) {
      throw typedError(error)
    } finally {
      lanes.leave(write.subject)
    }
  }

  #fitsOne(draft: Draft): boolean {
    const { link, stream } = this.#parts
    const maxBytes = link.info.max_payload
    if (fits(draft, maxBytes)) return true
    if (stream.batches) return false
    throw new PayloadTooLargeError('a commit as one message', { bytes: draftBytes(draft), maxBytes })
  }

  /**
   * What this process knows of the head, where it may be built on unseen: the server refuses what is built on an old one.
   * Undefined where something has to be looked up first.
   */
  #guess({ commit, write }: Append): StreamHead | undefined {
    const { subject, expected, firstGivenAt } = write
    if (commit.named && this.#parts.known.isOutsideWindow(commit)) return undefined
    const head = this.#parts.heads.get(subject) ?? (expected === 'no-stream' ? noHead : undefined)
    if (head === undefined || head.tombstoned) return undefined
    if (firstGivenAt !== undefined && firstGivenAt < head.occurredAt) return undefined
    const isExpected =
      expected === 'any' ||
      expected === head.version ||
      (head.version === 0 ? expected === 'no-stream' : expected === 'stream-exists')
    return isExpected ? head : undefined
  }

  /** Goes on until the commit is recorded, found or refused. */
  async #persist(append: Append, first: Sent | undefined): Promise<CommitReceipt> {
    const { known } = this.#parts
    const { commit } = append
    const sending = this.#sending(commit, append.since)
    let sent = first
    let mayBeOld = first === undefined && commit.named && known.isOutsideWindow(commit)
    return await sending.until(async () => {
      if (sent !== undefined) {
        const settled = await this.#settle(append, sending, sent)
        // Only now: what had no answer is asked again.
        sent = undefined
        return settled
      }
      const found = mayBeOld ? await known.find(commit, false) : undefined
      mayBeOld = false
      return found ?? (await this.#try(append, sending))
    })
  }

  #sending(commit: PreparedCommit, since: number): Sending {
    const { link, patienceMs } = this.#parts
    return new Sending(commit, { patienceMs, since, closed: link.closed })
  }

  async #try(append: Append, sending: Sending): Promise<CommitReceipt | undefined> {
    const { write } = append
    const head = await this.#parts.heads.read(write.streamId, write.subject)
    const found = sending.unanswered ? await this.#lookBehind(append, sending, head) : undefined
    if (found !== undefined) return found
    const refused = await this.#check(append, sending, head)
    if (refused !== undefined) return refused
    const outcome = await this.#send(append, head)
    if (outcome.kind === 'recorded') return await this.#recorded(append, head, outcome.sequence)
    return await this.#settle(append, sending, { head, outcome })
  }

  /** The result of a repeat; else a pause before the next try. */
  async #settle(
    append: Append,
    sending: Sending,
    { head, outcome }: Sent,
  ): Promise<CommitReceipt | undefined> {
    append.guard = head.sequence
    if (outcome.kind === 'repeated')
      return await this.#parts.known.at(append.commit, outcome.sequence, sending.unanswered)
    if (outcome.kind === 'unknown') await sending.sentInVain(outcome.reason)
    else await sending.refusal(outcome.kind === 'refused' && outcome.busy)
    return undefined
  }

  /** After a try without an answer: what was sent at a guard can only directly follow it. */
  async #lookBehind(
    { commit, write, guard }: Append,
    sending: Sending,
    head: StreamHead,
  ): Promise<CommitReceipt | undefined> {
    if (head.sequence < guard) throw new NoAnswer('stale', write.subject)
    if (head.sequence === guard) return undefined
    const found = await this.#parts.known.after(commit, write.subject, guard)
    // Something else follows: no try at that guard will ever be stored.
    if (found === undefined) sending.settle()
    return found
  }

  /** The first result of a repeat whose expectation no longer holds. @throws what the append is refused with */
  async #check(
    { commit, write }: Append,
    { unanswered }: Sending,
    head: StreamHead,
  ): Promise<CommitReceipt | undefined> {
    try {
      checkHead(head, write)
      return undefined
    } catch (refusal) {
      const known = commit.named ? await this.#parts.known.find(commit, unanswered) : undefined
      if (known === undefined) throw refusal
      return known
    }
  }

  #draft(write: PreparedWrite, { occurredAt }: StreamHead): Draft {
    return this.#parts.writer.draft(outgoingEvents(write, 0, write.events.length, occurredAt))
  }

  async #send(append: Append, head: StreamHead): Promise<Outcome> {
    const { commit, write } = append
    if (append.draft.firstOccurredAt < head.occurredAt) append.draft = this.#draft(write, head)
    const { commitId } = commit
    const guards =
      guardLine('Nats-Msg-Id', commitId) +
      guardLine('Nats-Expected-Stream', this.#parts.stream.name) +
      guardLine('Nats-Expected-Last-Subject-Sequence', head.sequence) +
      trailLine(head)
    const place = { version: head.version + 1, index: 0, part: 1, of: 1, commitId, createdAt: undefined }
    const { headers, payload } = sealed(append.draft, place, guards)
    const { link, watch } = this.#parts
    const before = watch.highest
    try {
      const outcome = outcomeOf(await link.request({ subject: write.subject, payload, headers }))
      if (outcome.kind === 'recorded') {
        const looking = watch.acknowledged(outcome.sequence, before)
        if (looking !== undefined) await looking
      }
      return outcome
    } catch (error) {
      if (isSilence(error)) return { kind: 'unknown', reason: error }
      throw error
    }
  }

  #recorded(
    { commit, write, draft }: Append,
    head: StreamHead,
    sequence: number,
  ): CommitReceipt | Promise<CommitReceipt> {
    const { streamId, subject, events } = write
    const version = head.version + events.length
    const { stream, heads } = this.#parts
    const trail = extendTrail(head.trail, sequence)
    heads.set(subject, { version, sequence, occurredAt: draft.occurredAt, tombstoned: false, trail })
    const place = { generation: stream.generation, commit: sequence, replayed: false }
    const receipt = receiptOf(commit.commitId, place, [{ streamId, version, lastIndex: events.length - 1 }])
    const after = failpoint('append:after-commit')
    return after === undefined ? receipt : after.then(() => receipt)
  }
}
