import type { CommitId } from '@millrace/contracts'
import type { Msg } from '@nats-io/nats-core'

import type { NatsLink } from '../link/nats-link.ts'
import { headerOf, rawHeaders, statusOf } from '../link/raw-message.ts'
import { commitHeaderName, parseCommitHeader } from '../wire/commit-header.ts'
import type { LeaderReader } from '../wire/leader-read.ts'

/** Where to look for a commit. */
export interface SearchWindow {
  readonly subject: string
  readonly commitId: CommitId
  /** Epoch milliseconds; it was not recorded before. */
  readonly from: number
  /** Sequence of the subject's last message, by its leader. */
  readonly until: number
}

const pageMessages = 256
const pageBytes = 4_000_000

interface Page {
  /** Where the commit lies, once it is found. */
  readonly found: number | undefined
  /** The last sequence looked at; undefined where there was none. */
  readonly last: number | undefined
}

const commitIdOf = (headers: string): CommitId | undefined =>
  parseCommitHeader(headerOf(headers, commitHeaderName) ?? '')?.commitId

/** Looks for one commit in a stream, from a time on: for repeats that come later than JetStream itself remembers. */
export class CommitSearch {
  readonly #link: NatsLink
  readonly #leader: LeaderReader
  readonly #subject: string

  constructor(link: NatsLink, leader: LeaderReader, stream: string) {
    this.#link = link
    this.#leader = leader
    this.#subject = `${link.apiPrefix}.DIRECT.GET.${stream}`
  }

  /** The sequence of the commit's message on the subject, undefined where there is none. */
  async find({ subject, commitId, from, until }: SearchWindow): Promise<number | undefined> {
    let start: object = { start_time: new Date(from).toISOString() }
    for (let seen = 0; seen < until;) {
      const { found, last } = await this.#page({ ...start, next_by_subj: subject }, commitId)
      if (found !== undefined) return found
      // A replica that is behind its leader does not have the rest yet.
      if (last === undefined) return await this.#fromLeader(subject, commitId, { from: seen + 1, until })
      seen = last
      start = { seq: last + 1 }
    }
    return undefined
  }

  async #page(query: object, commitId: CommitId): Promise<Page> {
    let found: number | undefined
    let last: number | undefined
    const take = (reply: Msg): boolean => {
      const headers = rawHeaders(reply)
      // 204 ends a page; 404 says that there is nothing.
      if (statusOf(headers) !== 0) return true
      const sequence = Number(headerOf(headers, 'Nats-Sequence'))
      last = sequence
      if (commitIdOf(headers) === commitId) found ??= sequence
      return false
    }
    const payload = JSON.stringify({ ...query, batch: pageMessages, max_bytes: pageBytes })
    await this.#link.collect({ subject: this.#subject, payload }, take)
    return { found, last }
  }

  async #fromLeader(
    subject: string,
    commitId: CommitId,
    window: { readonly from: number; readonly until: number },
  ): Promise<number | undefined> {
    for (let at = window.from; at <= window.until;) {
      const message = await this.#leader.next(subject, at)
      if (message === undefined) return undefined
      if (commitIdOf(message.headers) === commitId) return message.sequence
      at = message.sequence + 1
    }
    return undefined
  }
}
