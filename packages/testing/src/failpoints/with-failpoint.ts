import { requireHits } from './count-hits.ts'
import { nameOf } from './place.ts'
import type { Place } from './place.ts'
import { react } from './reactions.ts'

/** A fault at a place. */
export interface Fault {
  readonly at: Place
  /** Throws, waits or does anything else there; `hit` counts from 1. */
  readonly react: (hit: number) => void | Promise<void>
  /** Fewer hits fail: a fault that never happened proves nothing. @defaultValue 1 */
  readonly atLeast?: number
}

/**
 * Runs a test's body with a fault, and takes the fault away again however the body ends.
 *
 * @example
 * ```ts
 * await withFailpoint({ at: 'append:after-commit', react: () => { throw new Error('connection lost') } }, async () => {
 *   await expect(placeOrder()).rejects.toThrow('connection lost')
 * })
 * ```
 * @throws what the body throws; AssertionError when the place was reached less than `atLeast` times
 */
export async function withFailpoint<T>(fault: Fault, body: () => T | Promise<T>): Promise<T> {
  const name = nameOf(fault.at)
  let hits = 0
  const reaction = react((reached) => (reached === name ? fault.react((hits += 1)) : undefined))
  try {
    const result = await body()
    requireHits(name, hits, fault.atLeast ?? 1)
    return result
  } finally {
    reaction[Symbol.dispose]()
  }
}
