import { setTimeout as sleep } from 'node:timers/promises'

import { LogReplacedError } from '@millrace/contracts'

import type { NatsLink } from '../link/nats-link.ts'
import { checkGeneration } from '../provision/provision-stream.ts'
import type { ProvisionedStream } from '../provision/provision-stream.ts'

type WatchedStream = Pick<ProvisionedStream, 'name' | 'generation'>

/** Before a stream that is not found is looked for again. */
const missingPauseMs = 500

/** Notices when the JetStream stream is no longer the one that was opened: sequences of one stream only grow. */
export class ReplacementWatch {
  readonly #link: NatsLink
  readonly #stream: WatchedStream
  #highest: number
  #acknowledgedAt = -Infinity
  #replaced: LogReplacedError | undefined

  /** `highest`: the stream's last sequence when it was opened. */
  constructor(link: NatsLink, stream: WatchedStream, highest = 0) {
    this.#link = link
    this.#stream = stream
    this.#highest = highest
  }

  /** The highest sequence that was acknowledged to this process, or was there when it opened the stream. */
  get highest(): number {
    return this.#highest
  }

  /** What `performance.now` said when a message of this process was last acknowledged; before any was, -Infinity. */
  get acknowledgedAt(): number {
    return this.#acknowledgedAt
  }

  /** @throws {@link LogReplacedError} once it has been noticed: from then on nothing may be read or written */
  check(): void {
    if (this.#replaced !== undefined) throw this.#replaced
  }

  /**
   * Takes the sequence of a message that was sent while `before` was the highest. Where it is not higher, what it
   * returns is to be awaited. @throws {@link LogReplacedError} where another stream acknowledged it, or one that has
   * lost its end
   */
  acknowledged(sequence: number, before: number): Promise<void> | undefined {
    if (sequence <= before) return this.#lost(sequence, before)
    this.#acknowledgedAt = performance.now()
    if (sequence > this.#highest) this.#highest = sequence
    return undefined
  }

  /** The stream's last sequence. @throws {@link LogReplacedError} */
  async look(): Promise<number> {
    try {
      return await this.#confirmed()
    } catch (error) {
      if (error instanceof LogReplacedError) this.#replaced = error
      throw error
    }
  }

  /** A server that has just come up may not know of its streams yet. */
  async #confirmed(): Promise<number> {
    try {
      return await checkGeneration(this.#link, this.#stream)
    } catch (error) {
      if (!(error instanceof LogReplacedError) || error.actual !== 'none') throw error
      await this.#pause()
      return await checkGeneration(this.#link, this.#stream)
    }
  }

  async #pause(): Promise<void> {
    const { closed } = this.#link
    try {
      await sleep(missingPauseMs, undefined, { signal: closed })
    } finally {
      // Not the timer's own error: the one that says what was closed.
      closed.throwIfAborted()
    }
  }

  async #lost(sequence: number, before: number): Promise<never> {
    await this.look()
    const { generation } = this.#stream
    const cause = new Error(
      `the JetStream stream has lost its end: it stored a message at ${sequence} after it had acknowledged ${before}`,
    )
    this.#replaced = new LogReplacedError({ expected: generation, actual: generation }, { cause })
    throw this.#replaced
  }
}
