import { setTimeout as delay } from 'node:timers/promises'

/** What {@link waitUntil} waits for, and how long. */
export interface Wait {
  /** Ends the sentence "waited for …" in the error. */
  readonly what: string
  /** Milliseconds until it gives up. @defaultValue 10_000 */
  readonly deadlineMs?: number
}

/** Asks again every 10 ms until the condition holds. @throws once the deadline has passed */
export async function waitUntil(
  condition: () => Promise<boolean> | boolean,
  { what, deadlineMs = 10_000 }: Wait,
): Promise<void> {
  const end = performance.now() + deadlineMs
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`waited ${deadlineMs} ms for ${what}`)
    await delay(10)
  }
}

/** The promise's outcome, or an error once the deadline has passed: nothing in a store may hang. */
export async function within<T>(promise: Promise<T>, { what, deadlineMs = 10_000 }: Wait): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(`waited ${deadlineMs} ms for ${what}`)), deadlineMs)
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
