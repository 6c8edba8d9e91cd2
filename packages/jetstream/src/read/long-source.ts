import type { ConsumerPurpose } from '../consumers/consumer-config.ts'
import { errorCodes, isRefusal } from '../link/server-refusal.ts'
import type { StoredMessage } from '../wire/stored-message.ts'
import { ConsumerSource } from './consumer-source.ts'
import type { MessageRange, MessageSource } from './message-source.ts'
import type { ReadParts } from './read-parts.ts'
import { ScanSource } from './scan-source.ts'

/** What a {@link LongSource} reads. */
export interface LongRange extends MessageRange {
  /** None for every message of the store, also those that hold no events. */
  readonly filters: readonly string[]
  /** One subject with wildcards for all filters; whoever reads it leaves out what none of them means. */
  readonly cover: string
  readonly purpose: ConsumerPurpose
  /** Leaves the payloads out, of the messages that come through the consumer. */
  readonly headersOnly?: boolean
}

const scannedPages = 4

/**
 * Messages of some subjects: the first two thousand by direct get, so that a short read opens no consumer; those behind
 * them through a consumer, which is three times as fast. Where the stream has as many consumers as it may, by direct get.
 */
export class LongSource implements MessageSource {
  readonly #parts: ReadParts
  readonly #range: LongRange
  readonly #scan: ScanSource
  #consumer: ConsumerSource | undefined
  #pages = 0

  constructor(parts: ReadParts, range: LongRange) {
    this.#parts = parts
    this.#range = range
    const [only = range.cover] = range.filters
    this.#scan = new ScanSource(parts, range.filters.length === 1 ? only : range.cover, range)
  }

  async next(): Promise<readonly StoredMessage[] | undefined> {
    if (this.#consumer !== undefined) return await this.#consumer.next()
    if (this.#pages !== scannedPages) return await this.#scanned()
    const consumer = new ConsumerSource(this.#parts, { ...this.#range, from: this.#scan.from })
    try {
      const messages = await consumer.next()
      this.#consumer = consumer
      return messages
    } catch (error) {
      await consumer.close()
      if (!isRefusal(error, errorCodes.tooManyConsumers)) throw error
      return await this.#scanned()
    }
  }

  async close(): Promise<void> {
    await this.#scan.close()
    await this.#consumer?.close()
  }

  async #scanned(): Promise<readonly StoredMessage[] | undefined> {
    this.#pages += 1
    return await this.#scan.next()
  }
}
