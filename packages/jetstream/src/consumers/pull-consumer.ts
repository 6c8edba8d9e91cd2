import { ConnectionError } from '@millrace/contracts'
import type { Msg } from '@nats-io/nats-core'

import type { ReplacementWatch } from '../append/replacement-watch.ts'
import type { NatsLink, Patience } from '../link/nats-link.ts'
import { headerOf, rawHeaders, statusOf } from '../link/raw-message.ts'
import { errorCodes, isRefusal } from '../link/server-refusal.ts'
import { answered, pause } from '../read/answered.ts'
import { consumerConfig } from './consumer-config.ts'
import type { ConsumerTarget } from './consumer-config.ts'
import { acknowledgementOf, DeliveredMessage, numbersAt } from './delivered-message.ts'
import { PullWindow } from './pull-window.ts'

/** Where a consumer is opened. */
export interface ConsumerParts {
  readonly link: NatsLink
  /** Of the JetStream stream. */
  readonly name: string
  readonly watch: Pick<ReplacementWatch, 'look'>
}

interface CreateAnswer {
  readonly cluster?: { readonly leader?: string }
}

const bounds = { maxMessages: 2048, maxBytes: 1_000_000 }
// A message's subjects and headers count, beside its payload, against the bytes of a pull.
const overheadBytes = 200_000
const heartbeatMs = 500
/** Two heartbeats and a little: after so much silence the consumer is taken for lost. */
const silenceMs = 1_200
const tickMs = 200
const expiresMs = 30_000
const nanosecondsPerMs = 1_000_000
const patienceMs = 15_000
const firstRetryMs = 5
const lastRetryMs = 320
/** How long a new consumer waits for the end of the one it replaces. */
const deleteMs = 500

const statusHeartbeat = 100
const statusNoResponders = 503
/** A pull ends and the consumer is still there: its time is over, or the next message does not fit. */
const endOfPull = /^NATS\/1\.0 (408|409 Message Size|409 Batch Completed)/

/**
 * Reads messages in the order of their sequences through a consumer on the server, as fast as they are taken and no
 * faster. Whatever goes wrong (a lost delivery, a pull nobody heard, a server that stops, a connection that breaks), a new
 * consumer goes on behind the last message: none is lost, none comes twice.
 */
export class PullConsumer implements AsyncDisposable {
  readonly #parts: ConsumerParts
  readonly #target: ConsumerTarget
  readonly #window = new PullWindow(bounds)
  readonly #waiters = new Set<() => void>()
  readonly #maxBytes: number
  #queue: DeliveredMessage[] = []
  #taken = 0
  #name: string | undefined
  #server = ''
  #inbox = ''
  #unsubscribe: (() => void) | undefined
  /** 0 before the consumer's first delivery. */
  #numbersAt = 0
  #delivery = 0
  #last: number
  #examined: number
  #heard = 0
  #pending: number | undefined
  /** How many had been delivered when a pull ended before its time. */
  #endedAt = -1
  #isTooLarge = false
  #retryMs = firstRetryMs
  /** Whether the consumer on the server has given a sign of life. */
  #isHeard = false
  /** Since when no consumer has. */
  #deadSince: number | undefined
  #timer: NodeJS.Timeout | undefined
  #retry: NodeJS.Timeout | undefined
  #starting: Promise<void> | undefined
  #forgetReconnects: (() => void) | undefined
  #failure: Error | undefined
  readonly #ending = new AbortController()
  readonly #onClosed = (): void => this.#fail(this.#parts.link.closed.reason)

  private constructor(parts: ConsumerParts, target: ConsumerTarget) {
    this.#parts = parts
    this.#target = target
    this.#last = target.after
    this.#examined = target.after
    this.#maxBytes = parts.link.info.max_payload + overheadBytes
  }

  /** @throws what JetStream refuses, for example where a stream has as many consumers as it may */
  static async open(
    parts: ConsumerParts,
    target: ConsumerTarget,
    signal?: AbortSignal,
  ): Promise<PullConsumer> {
    const consumer = new PullConsumer(parts, target)
    try {
      await consumer.#start(signal === undefined ? [] : [signal])
    } catch (error) {
      await consumer[Symbol.asyncDispose]()
      throw error
    }
    consumer.#watch()
    return consumer
  }

  /** Every message up to this sequence was delivered, or is not among those asked for. */
  get examined(): number {
    return this.#examined
  }

  /** The name of the server it is on, whose copy of the stream it reads; empty where there is no cluster. */
  get server(): string {
    return this.#server
  }

  /** How many messages wait to be taken. */
  get waiting(): number {
    return this.#queue.length - this.#taken
  }

  /** The next message that waits, left where it is. */
  get first(): DeliveredMessage | undefined {
    return this.#queue[this.#taken]
  }

  /** How many messages the server had behind the last one it delivered; undefined before the first. */
  get pending(): number | undefined {
    return this.#pending
  }

  /** Takes the next message. @throws why the consumer could not go on */
  take(): DeliveredMessage | undefined {
    const message = this.#queue[this.#taken]
    if (message === undefined) {
      if (this.#failure !== undefined) throw this.#failure
      return undefined
    }
    this.#taken += 1
    if (this.#taken === this.#queue.length) {
      this.#queue = []
      this.#taken = 0
    }
    this.#pull()
    return message
  }

  /** Resolves when something came: messages, a sign of how far the server looked, or a failure. */
  async change(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted()
    if (this.#failure !== undefined) throw this.#failure
    const { promise, resolve } = Promise.withResolvers<void>()
    const wake = (): void => resolve()
    this.#waiters.add(wake)
    signal?.addEventListener('abort', wake)
    try {
      await promise
    } finally {
      this.#waiters.delete(wake)
      signal?.removeEventListener('abort', wake)
    }
    signal?.throwIfAborted()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#ending.signal.aborted) return
    this.#ending.abort(new ConnectionError('the consumer was closed'))
    this.#fail(this.#ending.signal.reason)
    clearInterval(this.#timer)
    this.#forgetReconnects?.()
    this.#parts.link.closed.removeEventListener('abort', this.#onClosed)
    await this.#starting?.catch(() => undefined)
    const name = this.#leave()
    this.#queue = []
    this.#taken = 0
    if (name !== undefined) await this.#delete(name)
  }

  #watch(): void {
    const { link } = this.#parts
    this.#forgetReconnects = link.onReconnect(() => this.#restart())
    this.#timer = setInterval(() => this.#tick(), tickMs).unref()
    link.closed.addEventListener('abort', this.#onClosed)
  }

  #tick(): void {
    // Nothing was asked for while the reader has enough: then the server is right to be silent.
    if (this.#starting !== undefined || this.#window.asked === 0) this.#heard = performance.now()
    else if (performance.now() - this.#heard > silenceMs) this.#restart()
  }

  #alive(): void {
    this.#isHeard = true
    this.#retryMs = firstRetryMs
    this.#deadSince = undefined
  }

  #restart(): void {
    if (this.#starting !== undefined || this.#failure !== undefined) return
    const old = this.#leave()
    this.#deadSince ??= performance.now()
    const deadMs = performance.now() - this.#deadSince
    if (deadMs > patienceMs) {
      this.#fail(new ConnectionError('JetStream keeps no consumer alive: it gave no sign of life'))
      return
    }
    // At once the first time, then with growing pauses: a server may refuse every pull.
    this.#starting = this.#replace(old, deadMs / 4)
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#starting = undefined
      })
  }

  /** There may be as many consumers as the stream allows, this one's own among them, until some other goes. */
  async #replace(old: string | undefined, pauseMs: number): Promise<void> {
    const { signal } = this.#ending
    const ends = performance.now() + patienceMs
    if (old !== undefined) await this.#delete(old, { timeoutMs: deleteMs, signal })
    await pause(pauseMs, signal)
    for (let retryMs = firstRetryMs; ; retryMs = Math.min(retryMs * 2, lastRetryMs)) {
      try {
        await this.#start([])
        return
      } catch (error) {
        if (!isRefusal(error, errorCodes.tooManyConsumers) || performance.now() >= ends) throw error
      }
      await pause(retryMs, signal)
    }
  }

  async #start(signals: readonly AbortSignal[]): Promise<void> {
    const { link, name: stream, watch } = this.#parts
    const signal = AbortSignal.any([this.#ending.signal, ...signals])
    const create = async (): Promise<string> => {
      // A new name each time: the answer to an attempt that was given up may still create its consumer.
      const config = consumerConfig({ ...this.#target, after: this.#last })
      const request = { stream_name: stream, config, action: 'create' }
      // Never aborted: whoever gives up still has to delete what is created.
      const { cluster } = await link.api<CreateAnswer>(`CONSUMER.CREATE.${stream}.${config.name}`, request)
      this.#server = cluster?.leader ?? ''
      return config.name
    }
    this.#name = await answered(link, create, signal)
    signal.throwIfAborted()
    // After it was created: the stream that it belongs to is the one that is looked at, or is gone with it.
    try {
      await answered(link, async () => await watch.look(), signal)
    } catch (error) {
      const name = this.#leave()
      if (name !== undefined) await this.#delete(name)
      throw error
    }
    this.#delivery = 0
    this.#numbersAt = 0
    this.#retryMs = firstRetryMs
    this.#isHeard = false
    this.#window.restarted()
    this.#inbox = link.newInbox()
    const inbox = this.#inbox
    this.#unsubscribe = link.subscribe(
      inbox,
      (message) => {
        if (inbox === this.#inbox) this.#accept(message)
      },
      (error) => this.#fail(error),
    )
    this.#heard = performance.now()
    this.#pull()
  }

  /** Ends the subscription; returns the consumer's name, for it to be deleted. */
  #leave(): string | undefined {
    const name = this.#name
    clearTimeout(this.#retry)
    this.#name = undefined
    this.#inbox = ''
    this.#unsubscribe?.()
    this.#unsubscribe = undefined
    return name
  }

  async #delete(name: string, patience?: Patience): Promise<void> {
    const { link, name: stream } = this.#parts
    try {
      await link.api(`CONSUMER.DELETE.${stream}.${name}`, undefined, patience)
    } catch {
      // The server deletes it for its inactivity.
    }
  }

  #accept(message: Msg): void {
    this.#heard = performance.now()
    const acknowledgement = acknowledgementOf(message)
    if (acknowledgement.length === 0) {
      this.#onStatus(rawHeaders(message))
      return
    }
    this.#numbersAt ||= numbersAt(acknowledgement)
    this.#onDelivery(new DeliveredMessage(message, acknowledgement, this.#numbersAt))
  }

  #onDelivery(message: DeliveredMessage): void {
    if (message.delivery !== this.#delivery + 1) {
      this.#restart()
      return
    }
    this.#delivery = message.delivery
    this.#window.delivered(message.bytes)
    this.#alive()
    // Where the start lies behind the stream's end, the server begins with whatever comes next.
    if (message.sequence <= this.#last) {
      this.#pull()
      return
    }
    this.#last = message.sequence
    this.#examined = message.sequence
    this.#pending = message.pending
    this.#queue.push(message)
    this.#pull()
    this.#wake()
  }

  #onStatus(headers: string): void {
    const status = statusOf(headers)
    if (status === statusHeartbeat) this.#onHeartbeat(headers)
    else if (status === statusNoResponders) this.#pullAgain()
    else if (endOfPull.test(headers)) this.#onEndOfPull(headers)
    else this.#restart()
  }

  /** The server says how many messages it has delivered, and how far it has looked. */
  #onHeartbeat(headers: string): void {
    if (Number(headerOf(headers, 'Nats-Last-Consumer')) !== this.#delivery) {
      this.#restart()
      return
    }
    this.#alive()
    this.#examined = Math.max(this.#examined, Number(headerOf(headers, 'Nats-Last-Stream')))
    // What it still had may have been deleted meanwhile.
    this.#pending = 0
    this.#wake()
  }

  #onEndOfPull(headers: string): void {
    // A message larger than any may be, from before the server's limit was lowered: it is asked for alone.
    this.#isTooLarge = headers.startsWith('NATS/1.0 409 Message Size') && this.#endedAt === this.#delivery
    this.#endedAt = this.#delivery
    this.#window.ended(Number(headerOf(headers, 'Nats-Pending-Messages') ?? 0))
    this.#pull()
  }

  /** Its server is not known here yet, for some milliseconds after it was opened in a cluster; or it is gone. */
  #pullAgain(): void {
    if (this.#isHeard || this.#retryMs >= lastRetryMs) {
      this.#restart()
      return
    }
    clearTimeout(this.#retry)
    this.#retryMs *= 2
    this.#window.restarted()
    this.#retry = setTimeout(() => this.#pull(), this.#retryMs).unref()
  }

  #pull(): void {
    if (this.#name === undefined || this.#failure !== undefined) return
    for (let count = this.#window.next(this.waiting); count > 0; count = this.#window.next(this.waiting))
      this.#ask(count)
  }

  #ask(count: number): void {
    const { link, name: stream } = this.#parts
    const request = {
      batch: this.#isTooLarge ? 1 : count,
      ...(this.#isTooLarge ? {} : { max_bytes: this.#maxBytes }),
      expires: expiresMs * nanosecondsPerMs,
      idle_heartbeat: heartbeatMs * nanosecondsPerMs,
    }
    const subject = `${link.apiPrefix}.CONSUMER.MSG.NEXT.${stream}.${this.#name}`
    this.#window.pulled(request.batch)
    this.#isTooLarge = false
    try {
      link.publish({ subject, payload: JSON.stringify(request) }, this.#inbox)
    } catch (error) {
      this.#fail(error)
    }
  }

  #fail(error: unknown): void {
    this.#failure ??= error instanceof Error ? error : new Error(String(error))
    this.#wake()
  }

  #wake(): void {
    if (this.#waiters.size === 0) return
    const waiters = [...this.#waiters]
    // Each is woken once: the rest of what came with a message finds nobody to wake.
    this.#waiters.clear()
    for (const wake of waiters) wake()
  }
}
