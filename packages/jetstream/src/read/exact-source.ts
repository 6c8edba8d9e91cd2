import type { StoredMessage } from '../wire/stored-message.ts'
import { answered } from './answered.ts'
import { DirectGet } from './direct-get.ts'
import type { MessageSource } from './message-source.ts'
import type { ReadParts } from './read-parts.ts'
import { pageBytes } from './scan-source.ts'

const firstChunk = 32
const largestChunk = 128

/** Reads single messages, from the leader where another server has none at that sequence (yet). */
export async function messageAt(
  parts: ReadParts,
  sequence: number,
  signal: AbortSignal | undefined,
): Promise<StoredMessage | undefined> {
  const { link, leader, isAlone } = parts
  const message = await new DirectGet(parts).at(sequence, signal)
  if (message !== undefined || isAlone) return message
  return await answered(link, () => leader.at(sequence, { signal }), signal)
}

/** Messages that were asked for already, by sequence. */
export type KnownMessages = Map<number, Promise<StoredMessage | undefined>>

/** Messages whose sequences are known, many requests at a time: the server has to look for none of them. */
export class ExactSource implements MessageSource {
  readonly #parts: ReadParts
  readonly #signal: AbortSignal | undefined
  readonly #known: KnownMessages
  #sequences: readonly number[]
  #chunk = firstChunk

  /** Messages in `known` are taken from there. */
  constructor(
    parts: ReadParts,
    sequences: readonly number[],
    known: KnownMessages,
    signal: AbortSignal | undefined,
  ) {
    this.#parts = parts
    this.#sequences = sequences
    this.#known = known
    this.#signal = signal
  }

  /** A message that is gone is left out. */
  async next(): Promise<readonly StoredMessage[] | undefined> {
    while (this.#sequences.length > 0) {
      const chunk = this.#sequences.slice(0, this.#chunk)
      this.#sequences = this.#sequences.slice(chunk.length)
      const found = await Promise.all(chunk.map(async (sequence) => await this.#at(sequence)))
      const messages = found.filter((message) => message !== undefined)
      this.#fit(messages)
      if (messages.length > 0) return messages
    }
    return undefined
  }

  async close(): Promise<void> {
    this.#sequences = []
    await Promise.resolve()
  }

  async #at(sequence: number): Promise<StoredMessage | undefined> {
    const known = this.#known.get(sequence)
    this.#known.delete(sequence)
    return await (known ?? messageAt(this.#parts, sequence, this.#signal))
  }

  /** As many as there is room for, should the next ones be as large. */
  #fit(messages: readonly StoredMessage[]): void {
    const bytes = messages.reduce((sum, { payload, headers }) => sum + payload.length + headers.length, 0)
    const average = Math.max(1, bytes / Math.max(1, messages.length))
    this.#chunk = Math.max(1, Math.min(largestChunk, Math.floor(pageBytes / average)))
  }
}
