import { failure } from '../difference/mismatch.ts'
import { nameOf } from './place.ts'
import type { Place } from './place.ts'
import { react } from './reactions.ts'

/** Counts how often a place is reached. */
export interface HitCount extends Disposable {
  readonly hits: number
  /** @throws AssertionError when the place was reached less often: a fault that never happened proves nothing */
  requireAtLeast(minimum: number): void
}

/** @throws AssertionError unless a place was reached often enough */
export function requireHits(name: string, hits: number, minimum: number): void {
  if (hits < minimum)
    throw failure(`${name} was to be reached at least ${minimum} times, and was reached ${hits} times`)
}

/** Counts how often a place is reached from now until it is disposed of. */
export function countHits(place: Place): HitCount {
  const name = nameOf(place)
  let hits = 0
  const reaction = react((reached) => {
    if (reached === name) hits += 1
  })
  return {
    get hits() {
      return hits
    },
    requireAtLeast(minimum) {
      requireHits(name, hits, minimum)
    },
    [Symbol.dispose]: () => reaction[Symbol.dispose](),
  }
}
