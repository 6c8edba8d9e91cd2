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
  /** How many messages are likely to be needed: the server looks for no more at first. @defaultValue many */
  readonly firstPage?: number
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
  #scan: ScanSource
  #consumer: ConsumerSource | undefined
  #pages = 0

  constructor(parts: ReadParts, range: LongRange) {
    this.#parts = parts
    this.#range = range
    this.#scan = this.#scanFrom(range.from, range.firstPage)
  }

  async next(): Promise<readonly StoredMessage[] | undefined> {
    if (this.#consumer === undefined && this.#pages !== scannedPages) return await this.#scanned()
    this.#consumer ??= new ConsumerSource(this.#parts, { ...this.#range, from: this.#scan.from })
    try {
      const messages = await this.#consumer.next()
      const last = messages?.at(-1)
      if (last !== undefined) this.#scan = this.#scanFrom(last.sequence + 1)
      return messages
    } catch (error) {
      await this.#consumer.close()
      this.#consumer = undefined
      if (!isRefusal(error, errorCodes.tooManyConsumers)) throw error
      return await this.#scanned()
    }
  }

  async close(): Promise<void> {
    await this.#scan.close()
    await this.#consumer?.close()
  }

  #scanFrom(from: number, pageMessages?: number): ScanSource {
    const { filters, cover } = this.#range
    const [only = cover] = filters
    return new ScanSource(
      this.#parts,
      filters.length === 1 ? only : cover,
      { ...this.#range, from },
      pageMessages,
    )
  }

  async #scanned(): Promise<readonly StoredMessage[] | undefined> {
    this.#pages += 1
    return await this.#scan.next()
  }
}
