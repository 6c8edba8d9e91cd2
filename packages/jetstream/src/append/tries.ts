import { setTimeout as sleep } from 'node:timers/promises'

import { ConnectionError } from '@millrace/contracts'

import { NoAnswer } from '../link/no-answer.ts'
import { errorCodes, isRefusal, typedError } from '../link/server-refusal.ts'

/** The bounds of a pause, in milliseconds. */
interface PauseMs {
  readonly least: number
  readonly most: number
}

const busyPauseMs: PauseMs = { least: 5, most: 20 }
const silencePauseMs: PauseMs = { least: 5, most: 200 }
const conflictPauseMs: PauseMs = { least: 0, most: 20 }
const mostDoublings = 10
/** A server of a cluster may not have heard of a stream yet that another one has just created. */
const unheardOfMs = 2_000

/** How long something is tried, and with which pauses. */
export interface TriesOptions {
  /** Milliseconds after which no other try begins. */
  readonly patienceMs: number
  /** What `performance.now` said when the patience began. @defaultValue now */
  readonly since?: number
  /** Ends the pauses. */
  readonly closed: AbortSignal
}

/** True where a question or a commit had no answer, so that nothing is known. */
export function isSilence(error: unknown): boolean {
  return error instanceof NoAnswer || isRefusal(error, errorCodes.noQuorum)
}

/** Tries something until it has a result, or for too long. */
export class Tries {
  readonly #patienceMs: number
  #deadline: number
  readonly #closed: AbortSignal
  #pauses = 0
  #reason: unknown
  #missingSince: number | undefined

  constructor({ patienceMs, since = performance.now(), closed }: TriesOptions) {
    this.#patienceMs = patienceMs
    this.#deadline = since + patienceMs
    this.#closed = closed
  }

  /** @throws what no other try would change, and after too long {@link ConnectionError}, or {@link ConfigurationError} where the stream is not there */
  async until<T>(attempt: () => Promise<T | undefined>): Promise<T> {
    for (;;) {
      try {
        const result = await attempt()
        if (result !== undefined) return result
      } catch (error) {
        if (!isSilence(error) && !this.#isUnheardOf(error)) throw typedError(error)
        await this.silence(error)
      }
      this.checkTime()
    }
  }

  /** Whoever waited for a turn while others had answers has not waited in vain: the patience begins anew at that time. */
  renew(since: number): void {
    this.#deadline = Math.max(this.#deadline, since + this.#patienceMs)
  }

  /** To be asked before something begins that had to wait for its turn. @throws {@link ConnectionError} when it is too late */
  checkTime(): void {
    if (performance.now() >= this.#deadline) throw this.givenUp(this.#reason)
  }

  /** Nobody answered. */
  async silence(reason: unknown): Promise<void> {
    this.#reason = reason
    await this.#pause(silencePauseMs)
  }

  /** Another writer was faster, or is at it (`busy`). */
  async refusal(busy: boolean): Promise<void> {
    await this.#pause(busy ? busyPauseMs : conflictPauseMs)
  }

  #isUnheardOf(error: unknown): boolean {
    if (!isRefusal(error, errorCodes.streamNotFound)) return false
    this.#missingSince ??= performance.now()
    return performance.now() - this.#missingSince < unheardOfMs
  }

  /** What is thrown after too long. */
  protected givenUp(reason: unknown): unknown {
    // That the stream is not there is an answer, only not the last word while there was time.
    if (isRefusal(reason, errorCodes.streamNotFound)) return typedError(reason)
    return new ConnectionError('JetStream did not answer in time', { cause: reason })
  }

  /** Its length is drawn by lot and grows with the tries, so that those who collided do not collide again. */
  async #pause({ least, most }: PauseMs): Promise<void> {
    const longest = Math.min(most, least + 2 ** Math.min(this.#pauses, mostDoublings))
    this.#pauses += 1
    try {
      await sleep(least + Math.random() * (longest - least), undefined, { signal: this.#closed })
    } finally {
      // Not the timer's own error: the one that says what was closed.
      this.#closed.throwIfAborted()
    }
  }
}
