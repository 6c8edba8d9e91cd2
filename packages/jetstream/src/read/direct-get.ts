import { ConfigurationError } from '@millrace/contracts'
import type { Msg } from '@nats-io/nats-core'

import type { NatsLink } from '../link/nats-link.ts'
import { NoAnswer } from '../link/no-answer.ts'
import { headerOf, rawHeaders, statusOf } from '../link/raw-message.ts'
import type { StoredMessage } from '../wire/stored-message.ts'
import { answered } from './answered.ts'
import { DirectMessage } from './direct-message.ts'
import type { ReadParts } from './read-parts.ts'

/** Some messages from a sequence on. */
export interface PageRequest {
  readonly from: number
  /** Exact, or with wildcards. */
  readonly subject: string
  readonly maxMessages: number
  /** The reply ends with the message that reaches them. */
  readonly maxBytes: number
}

/** A reply to a {@link PageRequest}. */
export interface MessagePage {
  /** Ascending; empty where the server that answered has none from there on. */
  readonly messages: readonly StoredMessage[]
  /** True where the server that answered has no more behind them. */
  readonly isEnd: boolean
  /** How many that server has behind them. */
  readonly pending: number
}

const statusNone = 404
const statusEnd = 204
// In a cluster each answer may come from another server: half of them from mirrors, where there is one.
const mirrorAttempts = 20

/** The server's status, 0 for a message: whatever status line that was stored with, it has a sequence. */
function statusIn(reply: Msg, headers: string): number {
  if (reply.data.length > 0 || headers.includes('\r\nNats-Sequence: ')) return 0
  return statusOf(headers)
}

/** The reply to one batch request as it comes in. */
class Page implements MessagePage {
  readonly messages: DirectMessage[] = []
  isEnd = false
  pending = 0
  mirror: string | undefined
  readonly #name: string

  constructor(name: string) {
    this.#name = name
  }

  /** True for the last reply. */
  take(reply: Msg): boolean {
    const headers = rawHeaders(reply)
    const status = statusIn(reply, headers)
    if (status === 0) return this.#add(new DirectMessage(reply))
    if (status === statusNone) this.isEnd = true
    else if (status === statusEnd) this.#end(headers)
    else throw new Error(`a direct get was refused with ${headers.slice(0, headers.indexOf('\r\n'))}`)
    return true
  }

  #add(message: DirectMessage): boolean {
    if (message.stream !== this.#name) this.mirror = message.stream
    // Something between was lost: what came before is sound, and the rest is asked for again.
    if (message.before !== (this.messages.at(-1)?.sequence ?? 0)) return true
    this.messages.push(message)
    return false
  }

  #end(headers: string): void {
    const last = Number(headerOf(headers, 'Nats-Last-Sequence'))
    this.pending = Number(headerOf(headers, 'Nats-Num-Pending'))
    this.isEnd = this.pending === 0 && last === (this.messages.at(-1)?.sequence ?? 0)
  }
}

/** Messages by direct get, from whichever server holds a replica. One that lags behind the leader misses the newest. */
export class DirectGet {
  readonly #link: NatsLink
  readonly #name: string

  constructor({ link, name }: Pick<ReadParts, 'link' | 'name'>) {
    this.#link = link
    this.#name = name
  }

  async at(sequence: number, signal: AbortSignal | undefined): Promise<StoredMessage | undefined> {
    return await this.#one('', JSON.stringify({ seq: sequence }), signal)
  }

  async last(subject: string, signal: AbortSignal | undefined): Promise<StoredMessage | undefined> {
    return await this.#one(`.${subject}`, '', signal)
  }

  /** The first message of a subject that was stored at a time or later. */
  async since(
    subject: string,
    time: Date,
    signal: AbortSignal | undefined,
  ): Promise<StoredMessage | undefined> {
    const request = { start_time: time.toISOString(), next_by_subj: subject }
    return await this.#one('', JSON.stringify(request), signal)
  }

  /** A page may be short, even empty, without being the end: whoever reads on asks again from behind it. */
  async page(request: PageRequest, signal: AbortSignal | undefined): Promise<MessagePage> {
    const { from, subject, maxMessages, maxBytes } = request
    const payload = JSON.stringify({
      seq: from,
      next_by_subj: subject,
      batch: maxMessages,
      max_bytes: maxBytes,
    })
    for (let attempt = 1; ; attempt++) {
      const page = await answered(this.#link, () => this.#ask(payload, signal), signal)
      if (page.mirror === undefined) return page
      this.#refuseMirror(page.mirror, attempt)
    }
  }

  async #ask(payload: string, signal: AbortSignal | undefined): Promise<Page> {
    const page = new Page(this.#name)
    const subject = `${this.#link.apiPrefix}.DIRECT.GET.${this.#name}`
    try {
      await this.#link.collect({ subject, payload }, (reply) => page.take(reply), { signal })
    } catch (error) {
      // What has come is sound; the rest is asked for again.
      if (!(error instanceof NoAnswer) || page.messages.length === 0) throw error
    }
    return page
  }

  async #one(
    suffix: string,
    payload: string,
    signal: AbortSignal | undefined,
  ): Promise<StoredMessage | undefined> {
    const subject = `${this.#link.apiPrefix}.DIRECT.GET.${this.#name}${suffix}`
    for (let attempt = 1; ; attempt++) {
      const reply = await answered(
        this.#link,
        () => this.#link.request({ subject, payload }, { signal }),
        signal,
      )
      const status = statusIn(reply, rawHeaders(reply))
      if (status === statusNone) return undefined
      if (status !== 0) throw new Error(`a direct get was refused with ${status}`)
      const message = new DirectMessage(reply)
      if (message.stream === this.#name) return message
      this.#refuseMirror(message.stream, attempt)
    }
  }

  #refuseMirror(mirror: string, attempt: number): void {
    if (attempt < mirrorAttempts) return
    throw new ConfigurationError(
      'name',
      `JetStream stream ${mirror} mirrors ${this.#name} and answers its reads with what may be gone or missing; remove the mirror or its direct gets`,
    )
  }
}
