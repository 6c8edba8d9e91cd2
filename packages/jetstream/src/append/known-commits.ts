import { DuplicateEventError, InvalidValueError, ulidTime } from '@millrace/contracts'
import type { CommitReceipt, ForeignId, StreamId } from '@millrace/contracts'

import { NoAnswer } from '../link/no-answer.ts'
import { duplicateWindowMs } from '../provision/stream-settings.ts'
import type { OriginalCommits } from '../replace/original-commits.ts'
import { decodeMessage } from '../wire/decode-message.ts'
import type { DecodeParts, EventsMessage } from '../wire/decode-message.ts'
import type { LeaderReader } from '../wire/leader-read.ts'
import type { StoredMessage } from '../wire/stored-message.ts'
import type { CommitSearch } from './commit-search.ts'
import { parsePointer } from './foreign-pointer.ts'
import type { PreparedCommit } from './prepared-commit.ts'
import { receiptOf } from './receipt.ts'
import type { StreamResult } from './receipt.ts'
import { sameContent, sameIds, storedParts } from './same-content.ts'
import type { ServerClock } from './server-clock.ts'
import { decodeEvents, headAfter } from './stream-head.ts'

/** What finding known commits needs. */
export interface KnownCommitsParts extends DecodeParts {
  readonly leader: LeaderReader
  readonly search: CommitSearch
  readonly clock: ServerClock
  readonly originals: OriginalCommits
}

/** How far a caller's clock may be ahead of the server's. */
const clockSkewMs = 30_000

/** Finds the commits that were recorded already, for those who repeat them. */
export class KnownCommits {
  readonly #parts: KnownCommitsParts

  constructor(parts: KnownCommitsParts) {
    this.#parts = parts
  }

  /** True for an id somebody gave that seems to come from the future, which {@link checkTime} makes sure of. */
  isAhead({ commitId, named }: PreparedCommit): boolean {
    return named && ulidTime(commitId) > this.#parts.clock.earliest() + clockSkewMs
  }

  /**
   * A repeat is looked for from the time of its id on: a commit that was recorded before that time would not be found.
   * @throws {@link InvalidValueError} for an id from the future
   */
  async checkTime(commit: PreparedCommit): Promise<void> {
    // Our own clocks may be what is wrong.
    await this.#parts.clock.refresh()
    if (!this.isAhead(commit)) return
    const rule = `no more than ${clockSkewMs / 1000} s ahead of the server's clock`
    throw new InvalidValueError('options.commitId', rule)
  }

  /** True where JetStream might not notice a repeat any more: the id is older than what it surely remembers. */
  isOutsideWindow({ commitId }: PreparedCommit): boolean {
    return this.#parts.clock.latest() - ulidTime(commitId) > duplicateWindowMs / 2
  }

  /**
   * Looks for the commit in the stream it begins with, from the time of its id on. `sent` says whether a try of this
   * call had no answer, so that the commit may be its own.
   */
  async find(commit: PreparedCommit, sent: boolean): Promise<CommitReceipt | undefined> {
    const write = commit.writes.find(({ events }) => events.length > 0)
    if (write === undefined) return undefined
    const { leader, search } = this.#parts
    const last = await leader.last(write.subject)
    // Twice: once for the caller's clock, once for what is wrong with ours.
    const from = Math.max(0, ulidTime(commit.commitId) - 2 * clockSkewMs)
    if (last === undefined || last.time < from) return undefined
    const window = { subject: write.subject, commitId: commit.commitId, from, until: last.sequence }
    const sequence = await search.find(window)
    return sequence === undefined ? undefined : await this.at(commit, sequence, sent)
  }

  /**
   * The result of the commit JetStream says lies there. @throws {@link DuplicateEventError} where it is another,
   * {@link NoAnswer} where the leader does not have it yet
   */
  async at(commit: PreparedCommit, sequence: number, sent: boolean): Promise<CommitReceipt> {
    const message = await this.#messageAt(sequence)
    const receipt = message === undefined ? undefined : await this.#replay(commit, message, sent)
    if (receipt === undefined) throw this.usedElsewhere(commit)
    return receipt
  }

  /** For an id JetStream knows, of a commit that is not found in the stream it would be in. */
  usedElsewhere({ commitId }: PreparedCommit): DuplicateEventError {
    return new DuplicateEventError(commitId, 'was used for a commit to other streams, or to one that is gone')
  }

  /**
   * What became of a commit that was sent while the subject's last message was at `sequence`: if it was stored, it
   * directly follows. Undefined where something else follows. To be asked where the subject has gone on since.
   * @throws {@link NoAnswer} where the leader does not know of that
   */
  async after(commit: PreparedCommit, subject: string, sequence: number): Promise<CommitReceipt | undefined> {
    const message = await this.#parts.leader.next(subject, sequence + 1)
    if (message === undefined) throw new NoAnswer('stale', subject)
    return await this.#replay(commit, message, true)
  }

  /** The first result of a foreign id. */
  async foreign(foreignId: ForeignId): Promise<CommitReceipt | undefined> {
    const { leader, subjects, generation } = this.#parts
    const message = await leader.last(subjects.foreignId(foreignId))
    if (message === undefined) return undefined
    const { commitId, messages, streams } = parsePointer(message)
    const commit = message.sequence + messages
    return receiptOf(commitId, { generation, commit, replayed: true }, streams)
  }

  /** Undefined where it was purged. @throws {@link NoAnswer} where the leader has not got so far */
  async #messageAt(sequence: number): Promise<StoredMessage | undefined> {
    const { leader } = this.#parts
    const message = await leader.at(sequence)
    if (message !== undefined) return message
    // A leader that was paused answers until it learns that there is another.
    if ((await leader.lastSequence()) < sequence) throw new NoAnswer('stale', `message ${sequence}`)
    return await leader.at(sequence)
  }

  async #replay(
    commit: PreparedCommit,
    message: StoredMessage,
    sent: boolean,
  ): Promise<CommitReceipt | undefined> {
    const first = decodeMessage(message, this.#parts)
    if (first.kind !== 'events' || first.header.commitId !== commit.commitId) return undefined
    const messages = await this.#messagesOf(first, message)
    if (!sameContent(messages, commit) && !(await this.#wasSame(message, commit)))
      throw new DuplicateEventError(commit.commitId, 'was used for a commit with other content')
    return await this.#receipt(commit, messages, sent)
  }

  /** Whether it was recorded so before the log was migrated, which may have lifted it. */
  async #wasSame(message: StoredMessage, commit: PreparedCommit): Promise<boolean> {
    for await (const original of this.#parts.originals.of(message))
      if (sameContent(original, commit)) return true
    return false
  }

  /** All messages of the commit that one belongs to; fewer where a stream was tombstoned since. */
  async #messagesOf(found: EventsMessage, message: StoredMessage): Promise<readonly EventsMessage[]> {
    const { of } = found.header
    const messages: EventsMessage[] = []
    for (let sequence = found.commit - of + 1; sequence <= found.commit; sequence++) {
      const other = sequence === message.sequence ? message : await this.#messageAt(sequence)
      const decoded = other === undefined ? undefined : decodeMessage(other, this.#parts)
      if (decoded?.kind === 'events') messages.push(decoded)
    }
    return messages
  }

  async #receipt(
    commit: PreparedCommit,
    messages: readonly EventsMessage[],
    sent: boolean,
  ): Promise<CommitReceipt> {
    const parts = storedParts(messages)
    const results: StreamResult[] = []
    for (const { streamId, subject } of commit.writes) {
      const last = parts.get(streamId)?.at(-1)
      const version = last?.version ?? (await this.#versionOf(streamId, subject))
      results.push({ streamId, version, lastIndex: last?.position.index })
    }
    // A try of this call that had no answer stored it, if the ids are those it minted.
    const replayed = !(sent && sameIds(messages, commit))
    const place = { generation: this.#parts.generation, commit: messages[0]?.commit ?? 0, replayed }
    return receiptOf(commit.commitId, place, results)
  }

  /** Of a stream that the commit only checks. */
  async #versionOf(streamId: StreamId, subject: string): Promise<number> {
    const last = await this.#parts.leader.last(subject)
    return last === undefined ? 0 : headAfter(decodeEvents(last, streamId, this.#parts), last).version
  }
}
