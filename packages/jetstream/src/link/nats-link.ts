import { ConfigurationError, ConnectionError, PayloadTooLargeError } from '@millrace/contracts'
import { PermissionViolationError } from '@nats-io/nats-core'
import type { Msg, NatsConnection, ServerInfo, Status, Subscription } from '@nats-io/nats-core'

import { EncodedHeaders } from './encoded-headers.ts'
import { NoAnswer } from './no-answer.ts'
import { textOf } from './raw-message.ts'
import { ReplyMux } from './reply-mux.ts'
import type { Waiting } from './reply-mux.ts'
import { ServerRefusal } from './server-refusal.ts'
import type { ServerErrorBody } from './server-refusal.ts'

/** What a link is made of. */
export interface NatsLinkParts {
  readonly connection: NatsConnection
  /** Closed with the link. */
  readonly owned: boolean
  /** Where replies are sent to; a subject of this process alone. */
  readonly inbox: string
  /** In front of every request to JetStream: `$JS.API`, or `$JS.<domain>.API`. */
  readonly apiPrefix: string
  /** Milliseconds a request waits for its answer, unless it says otherwise. */
  readonly timeoutMs: number
}

/** What is sent. */
export interface Outgoing {
  readonly subject: string
  readonly payload: Uint8Array | string
  /** A whole header block, from `NATS/1.0` to the empty line. */
  readonly headers?: Uint8Array | undefined
}

/** How long a request waits. */
export interface Patience {
  /** Milliseconds without a reply. @defaultValue the link's own */
  readonly timeoutMs?: number | undefined
  /** Ends the wait; what was asked for may still happen. */
  readonly signal?: AbortSignal | undefined
}

const closedMessage = 'the event store was closed'
const noBytes = new Uint8Array(0)

/** One connection to NATS: requests over an own mux, requests to JetStream, subscriptions. */
export class NatsLink implements AsyncDisposable {
  readonly #parts: NatsLinkParts
  readonly #mux: ReplyMux
  readonly #headers = new EncodedHeaders()
  readonly #closed = new AbortController()
  readonly #listeners = new Set<() => void>()
  readonly #nobodyListeners = new Set<(subject: string) => void>()
  readonly #subscription: Subscription
  readonly #statuses: AsyncIterable<Status>
  /** Settles when the connection is back; undefined while it is up. */
  #down: PromiseWithResolvers<void> | undefined

  constructor(parts: NatsLinkParts) {
    this.#parts = parts
    this.#mux = new ReplyMux(parts.inbox, (subject) => {
      for (const listener of this.#nobodyListeners) listener(subject)
    })
    this.#subscription = parts.connection.subscribe(this.#mux.subject, {
      callback: (error, reply) => {
        if (error === null) this.#mux.accept(reply)
        else this.#mux.failAll(permissionError(error))
      },
    })
    this.#statuses = parts.connection.status()
    void this.#watch()
  }

  /** Aborted when the link is closed, with the error that everything then throws. */
  get closed(): AbortSignal {
    return this.#closed.signal
  }

  /** What the server said of itself when the connection was made, or made again. @throws {@link ConnectionError} when closed */
  get info(): ServerInfo {
    const { info } = this.#parts.connection
    if (info === undefined) throw this.#goneError()
    return info
  }

  get apiPrefix(): string {
    return this.#parts.apiPrefix
  }

  /** A new subject of this process alone, for a subscription. */
  newInbox(): string {
    return `${this.#parts.inbox.replace(/\.[^.]+$/, '')}.${crypto.randomUUID()}`
  }

  /** Called after every reconnect; returns what takes the listener away. */
  onReconnect(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Called with the subject of every request that reached nobody; returns what takes the listener away. */
  onNobody(listener: (subject: string) => void): () => void {
    this.#nobodyListeners.add(listener)
    return () => this.#nobodyListeners.delete(listener)
  }

  /** One request, one reply. @throws {@link NoAnswer} where there is none */
  async request(outgoing: Outgoing, { timeoutMs, signal }: Patience = {}): Promise<Msg> {
    if (this.#down !== undefined) await this.#up(outgoing.subject, { timeoutMs, signal })
    const { promise, resolve, reject } = Promise.withResolvers<Msg>()
    const take = (reply: Msg): true => {
      resolve(reply)
      return true
    }
    this.#ask(
      outgoing,
      { subject: outgoing.subject, patienceMs: this.#patience(timeoutMs), take, fail: reject },
      signal,
    )
    return await promise
  }

  /**
   * One request, many replies: `take` gets each and says whether it was the last. The wait begins anew with each.
   * @throws {@link NoAnswer} when the replies stop before the last, and what `take` throws
   */
  async collect(
    outgoing: Outgoing,
    take: (reply: Msg) => boolean,
    { timeoutMs, signal }: Patience = {},
  ): Promise<void> {
    if (this.#down !== undefined) await this.#up(outgoing.subject, { timeoutMs, signal })
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const takeOne = (reply: Msg): boolean => {
      const isLast = take(reply)
      if (isLast) resolve()
      return isLast
    }
    const waiting = {
      subject: outgoing.subject,
      patienceMs: this.#patience(timeoutMs),
      take: takeOne,
      fail: reject,
    }
    this.#ask(outgoing, waiting, signal)
    await promise
  }

  /**
   * Asks JetStream, for example `STREAM.INFO.orders`.
   * @throws {@link ServerRefusal} with the server's reason, {@link NoAnswer} where there is no answer
   */
  async api<Answer extends object>(verb: string, body?: object, patience: Patience = {}): Promise<Answer> {
    const payload = body === undefined ? noBytes : JSON.stringify(body)
    const reply = await this.request({ subject: `${this.apiPrefix}.${verb}`, payload }, patience)
    const answer = JSON.parse(textOf(reply)) as Answer & { readonly error?: ServerErrorBody }
    if (answer.error !== undefined) throw new ServerRefusal(answer.error)
    return answer
  }

  /** Sends without waiting for anything. */
  publish({ subject, payload, headers }: Outgoing, reply?: string): void {
    this.#check(payload, headers)
    const { connection } = this.#parts
    try {
      if (headers === undefined) {
        connection.publish(subject, payload, reply === undefined ? {} : { reply })
        return
      }
      this.#headers.bytes = headers
      connection.publish(
        subject,
        payload,
        reply === undefined ? { headers: this.#headers } : { reply, headers: this.#headers },
      )
    } catch (error) {
      throw this.#closed.signal.aborted || this.#parts.connection.isClosed() ? this.#goneError(error) : error
    }
  }

  /** Takes messages as they come, until the returned function is called. */
  subscribe(
    subject: string,
    onMessage: (message: Msg) => void,
    onError: (error: Error) => void = () => {},
  ): () => void {
    this.#closed.signal.throwIfAborted()
    const subscription = this.#parts.connection.subscribe(subject, {
      callback: (error, message) => {
        if (error === null) onMessage(message)
        else onError(permissionError(error))
      },
    })
    return () => subscription.unsubscribe()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed.signal.aborted) return
    const error = new ConnectionError(closedMessage)
    this.#end(error)
    if (this.#parts.owned) await this.#parts.connection.close()
    else this.#subscription.unsubscribe()
  }

  #patience(timeoutMs: number | undefined): number {
    return timeoutMs ?? this.#parts.timeoutMs
  }

  #ask(outgoing: Outgoing, waiting: Waiting, signal: AbortSignal | undefined): void {
    if (this.#closed.signal.aborted) throw this.#closed.signal.reason
    if (signal === undefined) this.#send(outgoing, waiting)
    else this.#sendUntil(signal, outgoing, waiting)
  }

  #send(outgoing: Outgoing, waiting: Waiting): number {
    const token = this.#mux.expect(waiting)
    try {
      this.publish(outgoing, this.#mux.replyTo(token))
    } catch (error) {
      this.#mux.forget(token)
      throw error
    }
    return token
  }

  #sendUntil(signal: AbortSignal, outgoing: Outgoing, waiting: Waiting): void {
    signal.throwIfAborted()
    const { subject, patienceMs } = waiting
    const take = (reply: Msg): boolean => {
      const isLast = waiting.take(reply)
      if (isLast) signal.removeEventListener('abort', abort)
      return isLast
    }
    const fail = (error: unknown): void => {
      signal.removeEventListener('abort', abort)
      waiting.fail(error)
    }
    const token = this.#send(outgoing, { subject, patienceMs, take, fail })
    const abort = (): void => {
      this.#mux.forget(token)
      waiting.fail(signal.reason)
    }
    signal.addEventListener('abort', abort, { once: true })
  }

  #check(payload: Uint8Array | string, headers: Uint8Array | undefined): void {
    const { info } = this.#parts.connection
    const most = info?.max_payload ?? 0
    const headerBytes = headers?.length ?? 0
    // A UTF-16 unit is at most three bytes: what is far below the limit need not be counted.
    if (info === undefined || payload.length * 3 + headerBytes <= most) return
    const bytes = Buffer.byteLength(payload) + headerBytes
    if (bytes > most) throw new PayloadTooLargeError('a message', { bytes, maxBytes: most })
  }

  /** Waits until the connection is back. */
  async #up(subject: string, { timeoutMs = this.#parts.timeoutMs, signal }: Patience): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const timer = setTimeout(() => reject(new NoAnswer('disconnected', subject)), timeoutMs)
    const abort = (): void => reject(signal?.reason as Error)
    signal?.addEventListener('abort', abort, { once: true })
    this.#down?.promise.then(resolve, reject)
    if (signal?.aborted === true) abort()
    try {
      await promise
    } finally {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
    }
  }

  async #watch(): Promise<void> {
    for await (const status of this.#statuses) this.#onStatus(status)
    // The library gave up, or the connection's owner closed it.
    if (!this.#closed.signal.aborted) this.#end(this.#goneError())
  }

  #onStatus(status: Status): void {
    if (status.type === 'disconnect') {
      this.#down ??= Promise.withResolvers<void>()
      // Nobody may be waiting when the link ends.
      this.#down.promise.catch(() => undefined)
      this.#mux.failAll('disconnected')
    } else if (status.type === 'reconnect') {
      this.#down?.resolve()
      this.#down = undefined
      for (const listener of this.#listeners) listener()
    } else if (status.type === 'error' && status.error instanceof PermissionViolationError) {
      if (status.error.operation === 'publish')
        this.#mux.failAll(permissionError(status.error), status.error.subject)
    }
  }

  #end(error: Error): void {
    this.#closed.abort(error)
    this.#mux.failAll(error)
    this.#mux[Symbol.dispose]()
    this.#down?.reject(error)
    this.#listeners.clear()
    this.#nobodyListeners.clear()
    stop(this.#statuses)
  }

  #goneError(cause?: unknown): ConnectionError {
    const { reason } = this.#closed.signal as { readonly reason: unknown }
    if (reason instanceof ConnectionError) return reason
    return new ConnectionError('the connection to NATS is closed', { cause })
  }
}

/** A given connection lives on, and would keep what listens to it. The library's own type does not say that it stops. */
function stop(statuses: AsyncIterable<Status> & { readonly stop?: () => void }): void {
  statuses.stop?.()
}

function permissionError(error: Error): ConfigurationError {
  return new ConfigurationError('credentials', `do not permit what the store needs: ${error.message}`, {
    cause: error,
  })
}
