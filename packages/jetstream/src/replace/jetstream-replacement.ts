import { ConcurrencyError, ConfigurationError, failpoint } from '@millrace/contracts'
import type { EventStore, LogCopy, LogReplacement, Position, ReplacementState } from '@millrace/contracts'

import { outcomeOf } from '../append/ack.ts'
import type { NatsLink } from '../link/nats-link.ts'
import { NoAnswer } from '../link/no-answer.ts'
import { generationKey } from '../provision/stream-config.ts'
import { answered } from '../read/answered.ts'
import { guardLine, headerBlock } from '../wire/encode-message.ts'
import { Subjects } from '../wire/subjects.ts'
import {
  changeStream,
  findStream,
  formerMetadata,
  markKeys,
  marksIn,
  replacedMetadata,
  returnedMetadata,
} from './stream-marks.ts'
import type { StreamMarks, StreamState } from './stream-marks.ts'

/** What a replacement is made of. */
export interface JetStreamReplacementParts {
  readonly link: NatsLink
  readonly from: string
  readonly to: string
  readonly generation: string
  readonly source: EventStore
  /** Opens the copy that is there. */
  readonly openCopy: () => Promise<LogCopy>
  /** Creates the stream of the copy where it is missing, like the source's. */
  readonly provisionCopy: () => Promise<void>
}

/** Replaces the log in one JetStream stream by its copy in another. */
export class JetStreamReplacement implements LogReplacement {
  readonly from: string
  readonly to: string
  readonly source: EventStore
  readonly #parts: JetStreamReplacementParts
  readonly #copies: LogCopy[] = []
  /** Sequence of the source's last event when it was fenced; undefined before. */
  #fencedAt: number | undefined

  constructor(parts: JetStreamReplacementParts) {
    this.from = parts.from
    this.to = parts.to
    this.source = parts.source
    this.#parts = parts
  }

  async state(): Promise<ReplacementState> {
    const { replacing, replacedBy } = marksIn((await this.#stream(this.from)).config)
    if (replacedBy !== undefined) return { kind: 'replaced', by: replacedBy }
    return replacing === undefined ? { kind: 'current' } : { kind: 'fenced', by: replacing }
  }

  async findCopy(): Promise<LogCopy | undefined> {
    const found = await this.#find(this.to)
    if (found === undefined || isUnmarked(found)) return undefined
    this.#checkCopy(marksIn(found.config))
    return await this.#opened()
  }

  async openCopy({ restart = false }: { readonly restart?: boolean } = {}): Promise<LogCopy> {
    const { link, from, to, generation, provisionCopy } = this.#parts
    const found = await this.#find(to)
    if (found !== undefined) await this.#checkUsable(found, restart)
    if (found !== undefined && restart) await this.#ask(async () => await link.api(`STREAM.DELETE.${to}`))
    await provisionCopy()
    const metadata = { [markKeys.copyOf]: `${from} ${generation}` }
    await this.#ask(async () => await changeStream(link, to, { metadata }))
    return await this.#opened()
  }

  async fence(): Promise<Position> {
    const { from, to, source } = this.#parts
    const { replacing } = marksIn((await this.#stream(from)).config)
    if (replacing !== undefined && replacing !== to)
      throw new ConfigurationError('to', `${from} is being replaced by ${replacing} already`)
    await this.#close(from, to)
    this.#fencedAt = await this.#end(from)
    return await source.log.head()
  }

  async unfence(): Promise<void> {
    const { from, to } = this.#parts
    const { replacing } = marksIn((await this.#stream(from)).config)
    if (replacing === to) await this.#open(from, {})
  }

  async complete(): Promise<void> {
    const { link, from, to, generation } = this.#parts
    const { generation: other, copyCompleted } = marksIn((await this.#stream(to)).config)
    if (other === undefined) throw new ConfigurationError('to', `${to} is no event store`)
    const { replacedBy, formerGenerations } = marksIn((await this.#stream(from)).config)
    if (replacedBy === undefined) {
      await this.#checkFenced()
      // Before the switch: who opens the copy then knows whose checkpoints the old ones are.
      const former = formerMetadata([...formerGenerations, generation])
      await this.#ask(async () => await changeStream(link, to, { metadata: former }))
      await failpoint('swap:before-pointer')
      const metadata = replacedMetadata(to, { own: generation, other }, await this.#end(to))
      const subjects = [new Subjects(from).fence('*')]
      await this.#ask(async () => await changeStream(link, from, { subjects, metadata }))
      await failpoint('swap:after-pointer')
    }
    if (copyCompleted) return
    const metadata = { [markKeys.copyCompleted]: '1' }
    await this.#ask(async () => await changeStream(link, to, { metadata }))
  }

  async revert(): Promise<void> {
    const { from, generation } = this.#parts
    const { replacedBy, replacedAt, formerGenerations, returned } = marksIn((await this.#stream(from)).config)
    if (replacedBy === undefined) {
      await this.unfence()
      return
    }
    await this.#putBack(replacedBy, replacedAt)
    await failpoint('swap:after-return')
    const { generation: other } = marksIn((await this.#stream(replacedBy)).config)
    const former = other === undefined ? [] : [...formerGenerations, other]
    const copies = other === undefined ? [] : [...returned, { name: replacedBy, generation: other }]
    await this.#open(from, {
      [generationKey]: generation,
      ...formerMetadata(former),
      ...returnedMetadata(copies),
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const copy of this.#copies) await copy[Symbol.asyncDispose]()
    await this.source[Symbol.asyncDispose]()
    await this.#parts.link[Symbol.asyncDispose]()
  }

  /** The fence may have been taken away by another process meanwhile, and events been appended. */
  async #checkFenced(): Promise<void> {
    const { from, to } = this.#parts
    const { replacing } = marksIn((await this.#stream(from)).config)
    if (replacing !== to || this.#fencedAt === undefined)
      throw new ConfigurationError('to', `another process has taken the fence of ${from} away; swap again`)
    await this.#close(from, to)
    const [expected, actual] = [this.#fencedAt, await this.#end(from)]
    if (expected === actual) return
    await this.#open(from, {})
    throw new ConcurrencyError({ streamId: from, expected, actual })
  }

  /** Closes the log that took this one's place, and says that this one takes its own. */
  async #putBack(by: string, end: number): Promise<void> {
    const { link, from, generation } = this.#parts
    const { generation: other = '', replacing, replacedBy } = marksIn((await this.#stream(by)).config)
    if (replacedBy === from) return
    const next = replacedBy ?? replacing
    if (next !== undefined && next !== from)
      throw new ConfigurationError('to', `${next} is taking the place of ${by}, or has; undo that first`)
    await this.#close(by, from)
    await failpoint('swap:before-return')
    const actual = await this.#end(by)
    if (actual !== end) {
      await this.#open(by, {})
      throw new ConcurrencyError({ streamId: by, expected: end, actual })
    }
    const metadata = replacedMetadata(from, { own: other, other: generation }, await this.#end(from))
    await this.#ask(async () => await changeStream(link, by, { metadata }))
  }

  /** Nobody hears those who publish events any more, and what was on its way has been stored or refused. */
  async #close(name: string, by: string): Promise<void> {
    const { link } = this.#parts
    const fence = new Subjects(name).fence('*')
    const metadata = { [markKeys.replacing]: by }
    await this.#ask(async () => await changeStream(link, name, { subjects: [fence], metadata }))
    await this.#flush(name)
    const { config } = await this.#stream(name)
    const subjects = config['subjects'] as readonly string[]
    if (subjects.length !== 1 || subjects[0] !== fence)
      throw new ConfigurationError('name', `somebody else changes the JetStream stream ${name}`)
  }

  /** A stream takes messages in the order they came: what comes behind this one was sent to nobody. */
  async #flush(name: string): Promise<void> {
    const { link } = this.#parts
    const headers = headerBlock(guardLine('Nats-Expected-Stream', name) + guardLine('Nats-TTL', '1s'))
    const subject = new Subjects(name).fence('replace')
    await this.#ask(async () => {
      const outcome = outcomeOf(await link.request({ subject, payload: '', headers }))
      if (outcome.kind !== 'recorded') throw new NoAnswer('stale', subject)
    })
  }

  async #open(name: string, more: Readonly<Record<string, string>>): Promise<void> {
    const { link } = this.#parts
    const gone = [markKeys.replacing, markKeys.replacedBy, markKeys.replacedAt, markKeys.formerGeneration]
    const metadata = { ...Object.fromEntries(gone.map((key) => [key, undefined])), ...more }
    const change = { subjects: new Subjects(name).all, metadata }
    await this.#ask(async () => await changeStream(link, name, change))
  }

  /** Sequence of a stream's last event, 0 where it has none. */
  async #end(name: string): Promise<number> {
    const { link } = this.#parts
    const filter = new Subjects(name).events()
    interface Answer {
      readonly message?: { readonly seq: number }
      readonly error?: { readonly err_code?: number }
    }
    return await this.#ask(async () => {
      const subject = `${link.apiPrefix}.STREAM.MSG.GET.${name}`
      const reply = await link.request({ subject, payload: JSON.stringify({ last_by_subj: filter }) })
      return (JSON.parse(reply.string()) as Answer).message?.seq ?? 0
    })
  }

  async #opened(): Promise<LogCopy> {
    const copy = await this.#parts.openCopy()
    this.#copies.push(copy)
    return copy
  }

  async #ask<T>(question: () => Promise<T>): Promise<T> {
    return await answered(this.#parts.link, question, undefined)
  }

  async #find(name: string): Promise<StreamState | undefined> {
    return await this.#ask(async () => await findStream(this.#parts.link, name))
  }

  async #stream(name: string): Promise<StreamState> {
    const found = await this.#find(name)
    if (found === undefined)
      throw new ConfigurationError('name', `the JetStream stream ${name} does not exist`)
    return found
  }

  async #checkUsable(found: StreamState, restart: boolean): Promise<void> {
    if (isUnmarked(found)) return
    const marks = marksIn(found.config)
    this.#checkCopy(marks)
    const { from, to } = this.#parts
    const { replacing, replacedBy } = marksIn((await this.#stream(from)).config)
    const isTaken = replacing === to || replacedBy === to
    if (restart ? isTaken : marks.copyCompleted)
      throw new ConfigurationError(
        'to',
        restart
          ? `${to} is taking the place of ${from}, or has; finish or undo that first`
          : `${to} holds a log that is in use, or was; choose another name, or copy anew`,
      )
  }

  #checkCopy({ copyOf }: StreamMarks): void {
    const { from, to, generation } = this.#parts
    if (copyOf === undefined)
      throw new ConfigurationError(
        'to',
        `the JetStream stream ${to} holds messages and is no copy; choose another name`,
      )
    if (copyOf.name !== from || copyOf.generation !== generation)
      throw new ConfigurationError(
        'to',
        `the JetStream stream ${to} is a copy of another log; choose another name`,
      )
  }
}

/** A stream that nobody has written to, and that is no copy yet: of a run that died early. */
function isUnmarked({ config, state }: StreamState): boolean {
  return marksIn(config).copyOf === undefined && state.last_seq === 0
}
