import type { StoredMessage } from '../wire/stored-message.ts'
import { answered } from './answered.ts'
import { DirectGet } from './direct-get.ts'
import type { MessageRange, MessageSource } from './message-source.ts'
import type { ReadParts } from './read-parts.ts'

const largestPage = 512
export const pageBytes = 500_000

/** Messages of one subject, by direct get: the server looks for each from the one before it on. */
export class ScanSource implements MessageSource {
  readonly #parts: ReadParts
  readonly #direct: DirectGet
  readonly #subject: string
  readonly #range: MessageRange
  #pageMessages: number
  #from: number

  /** `pageMessages`: the most of the first page; every further one may be twice as large as the one before it. */
  constructor(parts: ReadParts, subject: string, range: MessageRange, pageMessages: number = largestPage) {
    this.#parts = parts
    this.#direct = new DirectGet(parts)
    this.#subject = subject
    this.#range = range
    this.#pageMessages = Math.min(pageMessages, largestPage)
    this.#from = range.from
  }

  /** Where it reads on. */
  get from(): number {
    return this.#from
  }

  async next(): Promise<readonly StoredMessage[] | undefined> {
    const { until, signal } = this.#range
    while (this.#from <= until) {
      const request = {
        from: this.#from,
        subject: this.#subject,
        maxMessages: this.#pageMessages,
        maxBytes: pageBytes,
      }
      const { messages, isEnd } = await this.#direct.page(request, signal)
      this.#pageMessages = Math.min(this.#pageMessages * 2, largestPage)
      const wanted = messages.filter(({ sequence }) => sequence <= until)
      if (wanted.length < messages.length) this.#from = until + 1
      else this.#from = (wanted.at(-1)?.sequence ?? this.#from - 1) + 1
      if (wanted.length > 0) return wanted
      if (isEnd) return await this.#missed()
    }
    return undefined
  }

  async close(): Promise<void> {
    this.#from = Infinity
    await Promise.resolve()
  }

  /** What a server that lags behind the leader does not have yet. */
  async #missed(): Promise<readonly StoredMessage[] | undefined> {
    const { until, signal } = this.#range
    const { link, leader, isAlone } = this.#parts
    if (isAlone || this.#from > until) return undefined
    const message = await answered(link, () => leader.next(this.#subject, this.#from, { signal }), signal)
    if (message === undefined || message.sequence > until) return undefined
    this.#from = message.sequence + 1
    return [message]
  }
}
