import type { ConsumerPurpose } from '../consumers/consumer-config.ts'
import { PullConsumer } from '../consumers/pull-consumer.ts'
import type { StoredMessage } from '../wire/stored-message.ts'
import { answered } from './answered.ts'
import type { MessageRange, MessageSource } from './message-source.ts'
import type { ReadParts } from './read-parts.ts'

/** What a {@link ConsumerSource} reads. */
export interface ConsumerRange extends MessageRange {
  readonly filters: readonly string[]
  /** One subject for all that is wanted. */
  readonly cover: string
  readonly purpose: ConsumerPurpose
  readonly headersOnly?: boolean
}

const most = 256

/** Messages through a consumer, which is gone when the source is closed. */
export class ConsumerSource implements MessageSource {
  readonly #parts: ReadParts
  readonly #range: ConsumerRange
  #consumer: PullConsumer | undefined
  /** How far the consumer had looked when the leader was last asked what else there is. */
  #checked = -1

  constructor(parts: ReadParts, range: ConsumerRange) {
    this.#parts = parts
    this.#range = range
  }

  async next(): Promise<readonly StoredMessage[] | undefined> {
    const { from, until, filters, purpose, headersOnly = false, signal } = this.#range
    if (from > until) return undefined
    this.#consumer ??= await PullConsumer.open(
      this.#parts,
      { after: from - 1, filters, purpose, headersOnly },
      signal,
    )
    const consumer = this.#consumer
    for (;;) {
      const messages = this.#take(consumer)
      if (messages.length > 0) return messages
      if (consumer.waiting > 0 || (await this.#isOver(consumer))) return undefined
      if (consumer.waiting === 0) await consumer.change(signal)
    }
  }

  async close(): Promise<void> {
    await this.#consumer?.[Symbol.asyncDispose]()
  }

  #take(consumer: PullConsumer): StoredMessage[] {
    const messages: StoredMessage[] = []
    while (messages.length < most && (consumer.first?.sequence ?? 0) <= this.#range.until) {
      const message = consumer.take()
      if (message === undefined) break
      messages.push(message)
    }
    return messages
  }

  /** Whether nothing of the range is left. The consumer finds that out too, but only with its next heartbeat. */
  async #isOver(consumer: PullConsumer): Promise<boolean> {
    const { until } = this.#range
    const { examined } = consumer
    if (examined >= until) return true
    if ((consumer.pending ?? 0) > 0 || this.#checked === examined) return false
    this.#checked = examined
    const { filters, cover } = this.#range
    const wanted = filters.length === 0 ? [cover] : filters
    const next = await Promise.all(wanted.map(async (filter) => await this.#next(filter, examined + 1)))
    return Math.min(...next) > until
  }

  async #next(filter: string, from: number): Promise<number> {
    const { link, leader } = this.#parts
    const { signal } = this.#range
    const message = await answered(link, () => leader.next(filter, from, { signal }), signal)
    return message?.sequence ?? Infinity
  }
}
