import type { Msg } from '@nats-io/nats-core'

import { NoAnswer } from './no-answer.ts'
import type { Silence } from './no-answer.ts'
import { isEmpty, lastNumber, rawHeaders, statusOf } from './raw-message.ts'

/** Somebody who waits for replies. */
export interface Waiting {
  /** Where the request goes. */
  readonly subject: string
  /** Milliseconds without a reply after which it is given up. */
  readonly patienceMs: number
  /** Takes a reply; true for the last that is expected. */
  readonly take: (reply: Msg) => boolean
  readonly fail: (error: unknown) => void
}

interface Pending {
  readonly waiting: Waiting
  /** Monotonic milliseconds. */
  deadline: number
}

const tickMs = 50

/** A stored message of that status, as a direct get hands it out, has a sequence. */
function isNoResponders(headers: string): boolean {
  return statusOf(headers) === 503 && !headers.includes('\r\nNats-Sequence: ')
}

/**
 * The replies to all requests of a connection: one wildcard subscription, one map, one timer that looks at the
 * deadlines now and then. A request of the library's own sets a timer and races promises, which costs more than
 * half of what a request costs.
 */
export class ReplyMux implements Disposable {
  readonly #pending = new Map<number, Pending>()
  readonly #prefix: string
  readonly #onNobody: (subject: string) => void
  #tokens = 0
  #timer: NodeJS.Timeout | undefined

  /** `inbox` is what the subscription's wildcard stands behind; `onNobody` is told where a request reached nobody. */
  constructor(inbox: string, onNobody: (subject: string) => void = () => undefined) {
    this.#prefix = `${inbox}.`
    this.#onNobody = onNobody
  }

  /** What the connection subscribes to. */
  get subject(): string {
    return `${this.#prefix}*`
  }

  /** Waits for replies; returns the token of the request. */
  expect(waiting: Waiting): number {
    this.#tokens += 1
    this.#pending.set(this.#tokens, { waiting, deadline: performance.now() + waiting.patienceMs })
    this.#timer ??= setInterval(() => this.#tick(), tickMs).unref()
    return this.#tokens
  }

  /** Where replies to the request with this token are to be sent. */
  replyTo(token: number): string {
    return this.#prefix + token
  }

  /** Expects no more replies to the request with this token. */
  forget(token: number): void {
    this.#pending.delete(token)
  }

  /** Takes a message of the subscription. One that nobody waits for (any more) is dropped. */
  accept(reply: Msg): void {
    const token = lastNumber(reply)
    const pending = this.#pending.get(token)
    if (pending === undefined) return
    if (isEmpty(reply) && isNoResponders(rawHeaders(reply))) {
      this.#pending.delete(token)
      pending.waiting.fail(new NoAnswer('no-responders', pending.waiting.subject))
      this.#onNobody(pending.waiting.subject)
      return
    }
    this.#hand(token, pending, reply)
  }

  /** Fails those who wait, or those of one subject. */
  failAll(reason: Silence | Error, subject?: string): void {
    for (const [token, { waiting }] of this.#pending) {
      if (subject !== undefined && waiting.subject !== subject) continue
      this.#pending.delete(token)
      waiting.fail(typeof reason === 'string' ? new NoAnswer(reason, waiting.subject) : reason)
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #hand(token: number, pending: Pending, reply: Msg): void {
    const { waiting } = pending
    let isLast = true
    try {
      isLast = waiting.take(reply)
      if (!isLast) pending.deadline = performance.now() + waiting.patienceMs
    } catch (error) {
      waiting.fail(error)
    } finally {
      if (isLast) this.#pending.delete(token)
    }
  }

  #tick(): void {
    if (this.#pending.size === 0) {
      this[Symbol.dispose]()
      return
    }
    const now = performance.now()
    for (const [token, { waiting, deadline }] of this.#pending) {
      if (deadline > now) continue
      this.#pending.delete(token)
      waiting.fail(new NoAnswer('timeout', waiting.subject))
    }
  }
}
