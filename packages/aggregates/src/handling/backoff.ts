import { setTimeout as sleep } from 'node:timers/promises'

import { ConfigurationError } from '@millrace/contracts'

/** How a command that met another writer is tried again. */
export interface RetryOptions {
  /** How often a command is decided before it fails; 1 to 1000. @defaultValue 50 */
  readonly maxAttempts?: number
  /** Milliseconds the first pause lasts at most; doubled by each attempt. Each pause is a random part of that. @defaultValue 1 */
  readonly minDelayMs?: number
  /** Milliseconds no pause is longer than. @defaultValue 250 */
  readonly maxDelayMs?: number
}

const retryDefaults: Required<RetryOptions> = { maxAttempts: 50, minDelayMs: 1, maxDelayMs: 250 }

function checkRange(setting: string, value: number, min: number): void {
  if (Number.isFinite(value) && value >= min) return
  throw new ConfigurationError(setting, `must be a number from ${min} up`)
}

/** Pauses between the attempts of a command. */
export class Backoff {
  readonly maxAttempts: number
  readonly #minDelayMs: number
  readonly #maxDelayMs: number
  readonly #random: () => number

  constructor(options: RetryOptions, random: () => number) {
    const { maxAttempts, minDelayMs, maxDelayMs } = { ...retryDefaults, ...options }
    if (!Number.isSafeInteger(maxAttempts) || maxAttempts < 1 || maxAttempts > 1000)
      throw new ConfigurationError('retry.maxAttempts', 'must be a whole number from 1 to 1000')
    checkRange('retry.minDelayMs', minDelayMs, 0)
    checkRange('retry.maxDelayMs', maxDelayMs, minDelayMs)
    this.maxAttempts = maxAttempts
    this.#minDelayMs = minDelayMs
    this.#maxDelayMs = maxDelayMs
    this.#random = random
  }

  /** Waits after an attempt, counted from 1. @throws the signal's reason once it is aborted */
  async pause(attempt: number, signal: AbortSignal | undefined): Promise<void> {
    const longest = Math.min(this.#maxDelayMs, this.#minDelayMs * 2 ** (attempt - 1))
    // All of it is random: writers that met each other once are not to meet again.
    const delayMs = longest * this.#random()
    await sleep(delayMs, undefined, signal === undefined ? {} : { signal }).catch(() => undefined)
    signal?.throwIfAborted()
  }
}
