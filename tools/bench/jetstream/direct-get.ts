import { createInbox } from '@nats-io/transport-node'
import type { Msg, NatsConnection } from '@nats-io/transport-node'

const patienceMs = 10_000

/**
 * Every message on one subject by raw batch direct gets, the data parsed as JSON: what any reader of JetStream has to do.
 * One subscription serves all of them.
 */
export class DirectReader {
  readonly #connection: NatsConnection
  readonly #subject: string
  readonly #inbox = createInbox()
  #calls = 0
  readonly #waiting = new Map<string, (message: Msg) => void>()

  constructor(connection: NatsConnection, stream: string) {
    this.#connection = connection
    this.#subject = `$JS.API.DIRECT.GET.${stream}`
    connection.subscribe(`${this.#inbox}.*`, {
      callback: (_error, message) => this.#waiting.get(message.subject)?.(message),
    })
  }

  /** How many messages there are, after each was parsed. */
  async read(subject: string): Promise<number> {
    let [found, next] = [0, 1]
    for (;;) {
      const { count, last, isOver } = await this.#batch(subject, next)
      found += count
      if (isOver) return found
      next = last + 1
    }
  }

  async #batch(
    subject: string,
    seq: number,
  ): Promise<{ readonly count: number; readonly last: number; readonly isOver: boolean }> {
    const reply = `${this.#inbox}.${(this.#calls += 1)}`
    const { promise, resolve, reject } = Promise.withResolvers<{
      count: number
      last: number
      isOver: boolean
    }>()
    let [count, last] = [0, seq]
    const timer = setTimeout(() => reject(new Error(`no end of batch for ${subject}`)), patienceMs)
    this.#waiting.set(reply, (message) => {
      const code = message.headers?.code ?? 0
      if (code === 204 || code === 404) {
        const pending = Number(message.headers?.get('Nats-Num-Pending') ?? 0)
        resolve({ count, last, isOver: pending === 0 })
      } else if (code > 0) reject(new Error(`direct get of ${subject}: ${code}`))
      else {
        if (JSON.parse(message.string()) !== undefined) count += 1
        last = Number(message.headers?.get('Nats-Sequence'))
      }
    })
    const request = { seq, next_by_subj: subject, batch: 1000 }
    this.#connection.publish(this.#subject, JSON.stringify(request), { reply })
    try {
      return await promise
    } finally {
      clearTimeout(timer)
      this.#waiting.delete(reply)
    }
  }
}
