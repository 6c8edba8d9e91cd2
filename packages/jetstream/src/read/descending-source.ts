import type { StoredMessage } from '../wire/stored-message.ts'
import type { MessageRange, MessageSource } from './message-source.ts'
import type { ReadParts } from './read-parts.ts'
import { ScanSource } from './scan-source.ts'

const firstSpan = 64
const enough = { messages: 128, bytes: 250_000 }
const most = { messages: 1024, bytes: 2_000_000 }

interface Found {
  readonly messages: readonly StoredMessage[]
  readonly bytes: number
  /** False where there was more than may be held. */
  readonly isWhole: boolean
}

/**
 * Messages of a subject from the last to the first. Servers search forwards only, so that it reads span by span, each of
 * them turned round; a span grows where it holds little and shrinks where it holds much.
 */
export class DescendingSource implements MessageSource {
  readonly #parts: ReadParts
  readonly #subject: string
  readonly #range: MessageRange
  #until: number
  #span = firstSpan

  constructor(parts: ReadParts, subject: string, range: MessageRange) {
    this.#parts = parts
    this.#subject = subject
    this.#range = range
    this.#until = range.until
  }

  async next(): Promise<readonly StoredMessage[] | undefined> {
    while (this.#until >= this.#range.from) {
      const from = Math.max(this.#range.from, this.#until - this.#span + 1)
      const { messages, bytes, isWhole } = await this.#read(from)
      if (!isWhole) {
        this.#span = Math.ceil(Math.min(this.#span, this.#until - from + 1) / 4)
        continue
      }
      this.#until = from - 1
      if (messages.length < enough.messages && bytes < enough.bytes) this.#span *= 2
      if (messages.length > 0) return messages.toReversed()
    }
    return undefined
  }

  async close(): Promise<void> {
    this.#until = -Infinity
    await Promise.resolve()
  }

  /** One sequence alone is whole however large its message is. */
  async #read(from: number): Promise<Found> {
    const { signal } = this.#range
    const until = this.#until
    const scan = new ScanSource(this.#parts, this.#subject, { from, until, signal })
    const messages: StoredMessage[] = []
    let bytes = 0
    for (let page = await scan.next(); page !== undefined; page = await scan.next()) {
      messages.push(...page)
      bytes += page.reduce((sum, { payload, headers }) => sum + payload.length + headers.length, 0)
      const isTooMuch = messages.length > most.messages || bytes > most.bytes
      if (isTooMuch && from < until) return { messages, bytes, isWhole: false }
    }
    return { messages, bytes, isWhole: true }
  }
}
