import type { StoredMessage } from '../wire/stored-message.ts'
import { ExactSource } from './exact-source.ts'
import type { MessageSource } from './message-source.ts'
import type { ReadParts } from './read-parts.ts'
import { ScanSource } from './scan-source.ts'
import type { StreamWindow } from './stream-window.ts'
import { TrailWalk } from './trail-walk.ts'

/** The messages of a stream, newest first: along their trails, which take one round trip for each 32 messages. */
export class BackwardsSource implements MessageSource {
  readonly #parts: ReadParts
  readonly #window: StreamWindow
  readonly #walk: TrailWalk
  #messages: MessageSource
  #isScanned = false

  constructor(parts: ReadParts, window: StreamWindow) {
    this.#parts = parts
    this.#window = window
    this.#walk = new TrailWalk(parts, window)
    this.#messages = this.#exact([window.newest.message.sequence])
  }

  async next(): Promise<readonly StoredMessage[] | undefined> {
    for (;;) {
      const messages = await this.#messages.next()
      if (messages !== undefined) return messages
      const more = await this.#more()
      if (more === undefined) return undefined
      this.#messages = more
    }
  }

  async close(): Promise<void> {
    await this.#messages.close()
  }

  #exact(sequences: readonly number[]): MessageSource {
    return new ExactSource(this.#parts, sequences, this.#walk.known, this.#window.signal)
  }

  async #more(): Promise<MessageSource | undefined> {
    if (this.#isScanned || this.#walk.version <= 1) return undefined
    return this.#exact((await this.#walk.step()) ?? (await this.#scan()))
  }

  /** The sequences that no trail leads to: of messages from before there were trails. */
  async #scan(): Promise<readonly number[]> {
    this.#isScanned = true
    const { subject, signal } = this.#window
    const scan = new ScanSource(this.#parts, subject, { from: 1, until: this.#walk.sequence - 1, signal })
    const sequences: number[] = []
    for (let page = await scan.next(); page !== undefined; page = await scan.next())
      sequences.push(...page.map(({ sequence }) => sequence))
    return sequences.toReversed()
  }
}
