import { setTimeout as sleep } from 'node:timers/promises'

import { failpoint, tombstoneType } from '@millrace/contracts'
import type { CopiedCommit, EventStore, ForeignId, LogCopy, Position, StreamId } from '@millrace/contracts'

import { outcomeOf } from '../append/ack.ts'
import { decodeEvents, headAfter, noHead } from '../append/stream-head.ts'
import type { StreamHead } from '../append/stream-head.ts'
import { NoAnswer } from '../link/no-answer.ts'
import { typedError } from '../link/server-refusal.ts'
import { answered } from '../read/answered.ts'
import type { JetStreamStoreParts } from '../store/jetstream-store.ts'
import type { CopiedForeignIds } from './copied-foreign-ids.ts'
import { copiedMessages } from './copied-messages.ts'
import type { CopiedMessage, CopyWriting } from './copied-messages.ts'
import { endOfCopy, mendEnd } from './copy-end.ts'
import { SendWindow } from './send-window.ts'

/** What a copy is made of. */
export interface JetStreamCopyParts extends JetStreamStoreParts {
  /** Over the copy. */
  readonly store: EventStore
  readonly foreignIds: CopiedForeignIds
}

const mostRequests = 512
const mostBytes = 16_000_000
const mostHeads = 50_000
const mostTries = 10
const pauseMs = 200
const headsTogether = 64

/** A message was not stored where it belongs; what came of it and of those behind it is looked up. */
class BrokenChain extends Error {}

/**
 * A copy of a log in another JetStream stream. Every message says behind which one it belongs, so that many can be under way
 * at once and none is ever stored twice, left out or in the wrong place.
 */
export class JetStreamCopy implements LogCopy {
  readonly store: EventStore
  readonly #parts: JetStreamCopyParts
  readonly #heads = new Map<string, StreamHead>()
  /** False where a stream that is not among the heads may be there all the same. */
  #knowsAll = false
  /** Number of the stream's last message; undefined until it was looked at, and where that is in doubt. */
  #sequence: number | undefined
  #progress = 0

  constructor(parts: JetStreamCopyParts) {
    this.store = parts.store
    this.#parts = parts
  }

  async progress(): Promise<number> {
    const { link } = this.#parts
    return (await answered(link, async () => await endOfCopy(this.#parts), undefined)).progress
  }

  async append(commits: readonly CopiedCommit[], end: Position): Promise<void> {
    await failpoint('migrate:before-commit')
    for (let tries = 1; ; tries++) {
      try {
        await this.#write(commits, end)
        break
      } catch (error) {
        this.#sequence = undefined
        const isPassing = error instanceof BrokenChain || error instanceof NoAnswer
        if (!isPassing || tries >= mostTries) throw typedError(error)
      }
      await sleep(pauseMs * tries)
    }
    await failpoint('migrate:after-commit')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.store[Symbol.asyncDispose]()
  }

  async #write(all: readonly CopiedCommit[], end: Position): Promise<void> {
    if (this.#sequence === undefined) await this.#lookAtEnd()
    const commits = all.filter(({ source }) => source.commit > this.#progress)
    const foreignIds = await this.#parts.foreignIds.between(this.#progress, end.commit)
    await this.#readHeads(commits)
    const window = new SendWindow(mostRequests, mostBytes)
    try {
      for (const commit of commits) await this.#send(commit, foreignIds.get(commit.source.commit), window)
      await window.drain()
    } finally {
      // Nothing of this try may come later than what the next one looks at.
      await window.settle()
    }
    this.#progress = Math.max(this.#progress, end.commit)
    if (this.#heads.size > mostHeads) this.#forgetHeads()
  }

  async #lookAtEnd(): Promise<void> {
    const { link } = this.#parts
    const end = await answered(link, async () => await endOfCopy(this.#parts), undefined)
    this.#forgetHeads()
    this.#progress = end.progress
    this.#sequence = await mendEnd(this.#parts, end)
    this.#knowsAll = end.progress === 0
  }

  #forgetHeads(): void {
    this.#heads.clear()
    this.#knowsAll = false
  }

  async #readHeads(commits: readonly CopiedCommit[]): Promise<void> {
    if (this.#knowsAll) return
    const { subjects } = this.#parts
    const missing = new Map<string, StreamId>()
    for (const { streamId } of commits.flatMap(({ writes }) => writes)) {
      const subject = subjects.stream(streamId)
      if (!this.#heads.has(subject)) missing.set(subject, streamId)
    }
    const all = [...missing]
    for (let at = 0; at < all.length; at += headsTogether)
      await Promise.all(
        all.slice(at, at + headsTogether).map(async ([subject, id]) => await this.#readHead(subject, id)),
      )
  }

  async #readHead(subject: string, streamId: StreamId): Promise<void> {
    const { leader, link } = this.#parts
    const last = await answered(link, async () => await leader.last(subject), undefined)
    if (last === undefined) this.#heads.set(subject, noHead)
    else this.#heads.set(subject, headAfter(decodeEvents(last, streamId, this.#parts), last))
  }

  async #send(commit: CopiedCommit, foreignId: ForeignId | undefined, window: SendWindow): Promise<void> {
    const after = this.#sequence ?? 0
    const { messages, heads } = copiedMessages(commit, foreignId, after, this.#writing())
    for (const [i, message] of messages.entries()) {
      await window.room()
      const reached = failpoint('migrate:before-message')
      if (reached !== undefined) await reached
      window.add(this.#request(message, after + i + 1), message.payload.length)
    }
    this.#sequence = after + messages.length
    if (commit.writes.some(({ tombstone }) => tombstone !== undefined)) await this.#erase(commit, window)
    for (const [subject, head] of heads) this.#heads.set(subject, head)
  }

  #writing(): CopyWriting {
    const { name, subjects, writer, link } = this.#parts
    return {
      name,
      subjects,
      writer,
      maxPayload: link.info.max_payload,
      headOf: (subject) => this.#heads.get(subject) ?? noHead,
    }
  }

  async #request({ subject, headers, payload }: CopiedMessage, sequence: number): Promise<void> {
    const outcome = outcomeOf(await this.#parts.link.request({ subject, payload, headers }))
    if (outcome.kind === 'recorded' && outcome.sequence === sequence) return
    throw new BrokenChain(`message ${sequence} of ${this.#parts.name}: ${outcome.kind}`)
  }

  /** What was copied of a stream before it was closed in the source. */
  async #erase({ writes }: CopiedCommit, window: SendWindow): Promise<void> {
    await window.drain()
    const { link, name, subjects } = this.#parts
    for (const { streamId, events } of writes)
      if (events[0]?.type === tombstoneType)
        await link.api(`STREAM.PURGE.${name}`, { filter: subjects.stream(streamId), keep: 1 })
  }
}
