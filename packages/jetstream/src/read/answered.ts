import { setTimeout as delay } from 'node:timers/promises'

import { ConnectionError } from '@millrace/contracts'

import type { NatsLink } from '../link/nats-link.ts'
import { NoAnswer } from '../link/no-answer.ts'
import { errorCodes, ServerRefusal, typedError } from '../link/server-refusal.ts'

// A cluster takes up to nine seconds to elect a leader in place of one that is paused.
const patienceMs = 15_000
const firstPauseMs = 10
const longestPauseMs = 500

/** Waits, and throws the reason of the signal as soon as it aborts. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(ms, undefined, { signal })
  } catch {
    signal.throwIfAborted()
  }
}

/** What a promise comes to, or the reason of the signal, should it abort before. */
export async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const abort = (): void => reject(signal.reason as Error)
  signal.addEventListener('abort', abort)
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

/** The signal of a caller together with the one that ends everything. */
export function endOf({ closed }: NatsLink, signal: AbortSignal | undefined): AbortSignal {
  return signal === undefined ? closed : AbortSignal.any([signal, closed])
}

const permanent: readonly number[] = [
  errorCodes.insufficientResources,
  errorCodes.notEnabled,
  errorCodes.notEnabledForAccount,
]

/** True for a failure that the next try may not meet. */
export function isPassing(error: unknown): boolean {
  if (error instanceof NoAnswer) return true
  return error instanceof ServerRefusal && error.status === 503 && !permanent.includes(error.code)
}

/**
 * Asks until there is an answer: a read changes nothing, so that it may be repeated while a connection comes back or a
 * cluster elects a leader.
 * @throws {@link ConnectionError} after fifteen seconds without an answer; the typed form of what the server refused
 */
export async function answered<T>(
  link: NatsLink,
  ask: () => Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T> {
  const ends = performance.now() + patienceMs
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    try {
      return await ask()
    } catch (error) {
      signal?.throwIfAborted()
      link.closed.throwIfAborted()
      if (!isPassing(error)) throw typedError(error)
      if (performance.now() >= ends)
        throw new ConnectionError(`JetStream does not answer: ${(error as Error).message}`, { cause: error })
    }
    await pause(pauseMs, endOf(link, signal))
  }
}
