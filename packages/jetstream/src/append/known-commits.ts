import { DuplicateEventError, ulidTime } from '@millrace/contracts'
import type { CommitReceipt, ForeignId, StreamId } from '@millrace/contracts'

import { duplicateWindowMs } from '../provision/stream-settings.ts'
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
import { decodeEvents, headAfter } from './stream-head.ts'

/** What finding known commits needs. */
export interface KnownCommitsParts extends DecodeParts {
  readonly leader: LeaderReader
  readonly search: CommitSearch
  /** Epoch milliseconds. */
  readonly now: () => number
}

/** How far two clocks may be apart before an id's own time is no longer believed. */
const clockSkewMs = 30_000

/** Finds the commits that were recorded already, for those who repeat them. */
export class KnownCommits {
  readonly #parts: KnownCommitsParts

  constructor(parts: KnownCommitsParts) {
    this.#parts = parts
  }

  /**
   * True where JetStream would not notice a repeat any more: the id is older than what it remembers. An id from the
   * future says nothing.
   */
  isOutsideWindow({ commitId }: PreparedCommit): boolean {
    const age = this.#parts.now() - ulidTime(commitId)
    return age > duplicateWindowMs / 2 || age < -clockSkewMs
  }

  /**
   * Looks for the commit in the stream it begins with, from the time of its id on. `sent` says whether a try of this
   * call had no answer, so that the commit may be its own.
   */
  async find(commit: PreparedCommit, sent: boolean): Promise<CommitReceipt | undefined> {
    const write = commit.writes.find(({ events }) => events.length > 0)
    if (write === undefined) return undefined
    const { leader, search, now } = this.#parts
    const last = await leader.last(write.subject)
    const time = ulidTime(commit.commitId)
    const from = time > now() + clockSkewMs ? 0 : Math.max(0, time - 2 * clockSkewMs)
    if (last === undefined || last.time < from) return undefined
    const window = { subject: write.subject, commitId: commit.commitId, from, until: last.sequence }
    const sequence = await search.find(window)
    return sequence === undefined ? undefined : await this.at(commit, sequence, sent)
  }

  /** The result of the commit JetStream says lies there. @throws {@link DuplicateEventError} where it is another */
  async at(commit: PreparedCommit, sequence: number, sent: boolean): Promise<CommitReceipt> {
    const message = await this.#parts.leader.at(sequence)
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
   * directly follows. Undefined where something else follows, or nothing (yet).
   */
  async after(commit: PreparedCommit, subject: string, sequence: number): Promise<CommitReceipt | undefined> {
    const message = await this.#parts.leader.next(subject, sequence + 1)
    return message === undefined ? undefined : await this.#replay(commit, message, true)
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

  async #replay(
    commit: PreparedCommit,
    message: StoredMessage,
    sent: boolean,
  ): Promise<CommitReceipt | undefined> {
    const first = decodeMessage(message, this.#parts)
    if (first.kind !== 'events' || first.header.commitId !== commit.commitId) return undefined
    const messages = await this.#messagesOf(first, message)
    if (!sameContent(messages, commit))
      throw new DuplicateEventError(commit.commitId, 'was used for a commit with other content')
    return await this.#receipt(commit, messages, sent)
  }

  /** All messages of the commit that one belongs to; fewer where a stream was tombstoned since. */
  async #messagesOf(found: EventsMessage, message: StoredMessage): Promise<readonly EventsMessage[]> {
    const { of } = found.header
    const messages: EventsMessage[] = []
    for (let sequence = found.commit - of + 1; sequence <= found.commit; sequence++) {
      const other = sequence === message.sequence ? message : await this.#parts.leader.at(sequence)
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
