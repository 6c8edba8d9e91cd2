import type { Position } from '@millrace/contracts'

import type { NatsLink } from '../link/nats-link.ts'
import { headerOf } from '../link/raw-message.ts'
import { answered } from '../read/answered.ts'
import { decodeMessage } from '../wire/decode-message.ts'
import type { EventsMessage } from '../wire/decode-message.ts'
import { LeaderReader } from '../wire/leader-read.ts'
import type { StoredMessage } from '../wire/stored-message.ts'
import { Subjects } from '../wire/subjects.ts'
import { sourceHeaderName } from './copied-messages.ts'
import { findStream, marksIn } from './stream-marks.ts'
import type { NamedLog, StreamMarks } from './stream-marks.ts'

/** All of a commit, however many events it has. */
const wholeCommit = 999_999_999

type Place = Omit<Position, 'generation'>

/** Reads the messages of one stream, whichever log it holds. */
class StreamMessages {
  readonly name: string
  readonly #link: NatsLink
  readonly #leader: LeaderReader
  readonly #subjects: Subjects

  constructor(link: NatsLink, name: string) {
    this.name = name
    this.#link = link
    this.#leader = new LeaderReader(link, name)
    this.#subjects = new Subjects(name)
  }

  /** The first message of events from a sequence on. */
  async from(sequence: number): Promise<StoredMessage | undefined> {
    const ask = async (): Promise<StoredMessage | undefined> =>
      await this.#leader.next(this.#subjects.events(), Math.max(1, sequence))
    return await answered(this.#link, ask, undefined)
  }

  async end(): Promise<number> {
    return await answered(this.#link, async () => await this.#leader.lastSequence(), undefined)
  }

  decoded(message: StoredMessage): EventsMessage | undefined {
    const decoded = decodeMessage(message, { generation: '', subjects: this.#subjects })
    return decoded.kind === 'events' ? decoded : undefined
  }
}

/** The commit that a message was copied from; undefined for one that was appended. */
function sourceOf({ headers }: StoredMessage): number | undefined {
  const text = headerOf(headers, sourceHeaderName)
  return text === undefined ? undefined : Number(text)
}

/** The last commit of a copy that was made of one up to `commit`: what was copied stands in its order, before what was appended. */
async function inCopy(copy: StreamMessages, commit: number): Promise<Place> {
  let [low, high] = [1, (await copy.end()) + 1]
  let best: StoredMessage | undefined
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    const message = await copy.from(middle)
    const source = message === undefined ? undefined : sourceOf(message)
    if (message === undefined || source === undefined || source > commit) high = middle
    else {
      best = message
      low = message.sequence + 1
    }
  }
  const found = best === undefined ? undefined : copy.decoded(best)
  return { commit: found?.commit ?? 0, index: found?.events.at(-1)?.position.index ?? 0 }
}

/** The place before the first commit that one of the copy behind `commit` was made from; commits that came to nothing there were handled with the one before them. */
async function inSource(
  source: StreamMessages,
  copy: StreamMessages,
  { commit, end }: { readonly commit: number; readonly end: number },
): Promise<Place> {
  const next = await copy.from(commit + 1)
  const from = next === undefined ? undefined : sourceOf(next)
  if (from === undefined) return { commit: end, index: wholeCommit }
  const last = await source.from(from)
  const decoded = last?.sequence === from ? source.decoded(last) : undefined
  // The messages of a commit lie side by side, and it is named after its last.
  return { commit: from - (decoded?.header.of ?? 1), index: wholeCommit }
}

/** One stream's log, among those a log has had. */
class FormerLogs {
  readonly #link: NatsLink
  readonly #position: Position

  constructor(link: NatsLink, position: Position) {
    this.#link = link
    this.#position = position
  }

  async placeIn(log: NamedLog, seen: readonly string[] = []): Promise<Position | undefined> {
    if (this.#position.generation === log.generation) return this.#position
    const marks = await this.#marksOf(log)
    if (marks === undefined) return undefined
    const path = [...seen, log.name]
    return (await this.#fromSource(log, marks, path)) ?? (await this.#fromReturned(log, marks, path))
  }

  async #fromSource(
    { name, generation }: NamedLog,
    { copyOf }: StreamMarks,
    path: readonly string[],
  ): Promise<Position | undefined> {
    if (copyOf === undefined || path.includes(copyOf.name)) return undefined
    const there = await this.placeIn(copyOf, path)
    if (there === undefined) return undefined
    return { generation, ...(await inCopy(new StreamMessages(this.#link, name), there.commit)) }
  }

  /** Copies that had taken this log's place until it was put back. */
  async #fromReturned(
    { name, generation }: NamedLog,
    { returned }: StreamMarks,
    path: readonly string[],
  ): Promise<Position | undefined> {
    for (const copy of returned) {
      const there = path.includes(copy.name) ? undefined : await this.placeIn(copy, path)
      const marks = there === undefined ? undefined : await this.#marksOf(copy)
      if (there === undefined || marks?.replacedBy !== name) continue
      const at = { commit: there.commit, end: marks.replacedAt }
      const source = new StreamMessages(this.#link, name)
      return { generation, ...(await inSource(source, new StreamMessages(this.#link, copy.name), at)) }
    }
    return undefined
  }

  async #marksOf({ name, generation }: NamedLog): Promise<StreamMarks | undefined> {
    const stream = await answered(this.#link, async () => await findStream(this.#link, name), undefined)
    const marks = stream === undefined ? undefined : marksIn(stream.config)
    return marks?.generation === generation ? marks : undefined
  }
}

/**
 * Where a reader of a former log goes on in this one: each message of a copy says which commit it was made from. Undefined
 * for a log that is not one of those before it.
 */
export async function formerPosition(
  link: NatsLink,
  log: NamedLog,
  position: Position,
): Promise<Position | undefined> {
  return await new FormerLogs(link, position).placeIn(log)
}
