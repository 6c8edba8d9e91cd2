import { checkHead, failpoint, StreamNotFoundError } from '@millrace/contracts'
import type { AppendReceipt, CommitReceipt } from '@millrace/contracts'

import type { EventsMessage } from '../wire/decode-message.ts'
import { guardLine, sealed } from '../wire/encode-message.ts'
import { noTrail } from '../wire/trail.ts'
import { outcomeOf } from './ack.ts'
import type { Outcome } from './ack.ts'
import { outgoingEvents } from './prepared-commit.ts'
import type { PreparedCommit, PreparedWrite } from './prepared-commit.ts'
import { Purging } from './purging.ts'
import { receiptOf } from './receipt.ts'
import { Sending } from './sending.ts'
import { decodeEvents, headAfter } from './stream-head.ts'
import type { StreamHead } from './stream-head.ts'
import { isSilence } from './tries.ts'
import type { WriteParts } from './write-parts.ts'

interface LastMessage {
  readonly events: EventsMessage
  readonly head: StreamHead
}

/**
 * Closes streams: a last event, guarded like any other, then everything before it is purged. A crash in between leaves
 * the events to whoever closes the stream again.
 */
export class TombstoneWriter {
  readonly #parts: WriteParts

  constructor(parts: WriteParts) {
    this.#parts = parts
  }

  /** Closes the stream of the commit's one write, whose one event is the tombstone. */
  async tombstone(commit: PreparedCommit, write: PreparedWrite): Promise<AppendReceipt> {
    const { lanes, link, patienceMs, watch } = this.#parts
    const options = { patienceMs, closed: link.closed }
    const sending = new Sending(commit, options)
    const receipt = await lanes.run(write.subject, async () => {
      sending.renew(watch.acknowledgedAt)
      sending.checkTime()
      await failpoint('append:before-commit')
      const closed = await sending.until(async () => await this.#try(sending, write))
      const purging = new Purging(write.streamId, options)
      return await purging.until(async () => await this.#purge(write, closed))
    })
    const [stream] = receipt.streams
    if (stream === undefined) throw new Error(`tombstone of ${write.streamId} has no receipt`)
    return stream
  }

  async #try(sending: Sending, write: PreparedWrite): Promise<CommitReceipt | undefined> {
    const { commit } = sending
    this.#parts.watch.check()
    const last = await this.#last(write)
    if (last === undefined) throw new StreamNotFoundError(write.streamId)
    const { events, head } = last
    if (head.tombstoned) return this.#closedAt(commit, events)
    checkHead(head, write)
    const outcome = await this.#send(commit, write, last)
    if (outcome.kind === 'recorded') {
      await failpoint('append:after-commit')
      return this.#receipt(write, { version: head.version + 1, sequence: outcome.sequence, commit })
    }
    // The next look finds it, whoever wrote it.
    if (outcome.kind === 'unknown') await sending.sentInVain(outcome.reason)
    else await sending.refusal(outcome.kind === 'refused' && outcome.busy)
    return undefined
  }

  async #last({ streamId, subject }: PreparedWrite): Promise<LastMessage | undefined> {
    const { leader, stream, subjects } = this.#parts
    const last = await leader.last(subject)
    if (last === undefined) return undefined
    const events = decodeEvents(last, streamId, { generation: stream.generation, subjects })
    return { events, head: headAfter(events, last) }
  }

  async #send(commit: PreparedCommit, write: PreparedWrite, { head, events }: LastMessage): Promise<Outcome> {
    const { leader, link, stream, writer, watch } = this.#parts
    const first = await leader.next(write.subject, 1)
    const { commitId } = commit
    const place = {
      version: head.version + 1,
      index: 0,
      part: 1,
      of: 1,
      commitId,
      createdAt: first?.time ?? events.recordedAt,
    }
    const guards =
      guardLine('Nats-Msg-Id', commitId) +
      guardLine('Nats-Expected-Stream', stream.name) +
      guardLine('Nats-Expected-Last-Subject-Sequence', head.sequence)
    const { headers, payload } = sealed(
      writer.draft(outgoingEvents(write, 0, 1, head.occurredAt)),
      place,
      guards,
    )
    const before = watch.highest
    try {
      const outcome = outcomeOf(await link.request({ subject: write.subject, payload, headers }))
      if (outcome.kind === 'recorded') await watch.acknowledged(outcome.sequence, before)
      return outcome
    } catch (error) {
      if (isSilence(error)) return { kind: 'unknown', reason: error }
      throw error
    }
  }

  async #purge({ subject }: PreparedWrite, closed: CommitReceipt): Promise<CommitReceipt> {
    const { link, stream, heads } = this.#parts
    await link.api(`STREAM.PURGE.${stream.name}`, { filter: subject, keep: 1 })
    const [receipt] = closed.streams
    heads.set(subject, {
      version: receipt?.version ?? 0,
      sequence: receipt?.position?.commit ?? 0,
      occurredAt: 0,
      tombstoned: true,
      trail: noTrail,
    })
    return closed
  }

  #closedAt(commit: PreparedCommit, { header, sequence, streamId }: EventsMessage): CommitReceipt {
    const { version, commitId } = header
    const place = {
      generation: this.#parts.stream.generation,
      commit: sequence,
      // Our own, of a try that had no answer.
      replayed: commitId !== commit.commitId,
    }
    return receiptOf(commitId, place, [{ streamId, version, lastIndex: 0 }])
  }

  #receipt(
    { streamId }: PreparedWrite,
    {
      version,
      sequence,
      commit,
    }: { readonly version: number; readonly sequence: number; readonly commit: PreparedCommit },
  ): CommitReceipt {
    const place = { generation: this.#parts.stream.generation, commit: sequence, replayed: false }
    return receiptOf(commit.commitId, place, [{ streamId, version, lastIndex: 0 }])
  }
}
