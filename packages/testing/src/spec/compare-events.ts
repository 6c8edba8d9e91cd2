import { isDeepStrictEqual } from 'node:util'

import { requireEqual } from '../difference/mismatch.ts'
import type { PlainEvent } from './storage.ts'

const counted = (n: number): string => `${n} ${n === 1 ? 'event' : 'events'}`

function isReordered(expected: readonly PlainEvent[], actual: readonly PlainEvent[]): boolean {
  const left = [...actual]
  for (const event of expected) {
    const at = left.findIndex((other) => isDeepStrictEqual(other, event))
    if (at === -1) return false
    left.splice(at, 1)
  }
  return left.length === 0
}

function problemOf(expected: readonly PlainEvent[], actual: readonly PlainEvent[]): string {
  if (expected.length !== actual.length)
    return `expected ${counted(expected.length)}, there ${actual.length === 1 ? 'is' : 'are'} ${actual.length}`
  if (isReordered(expected, actual)) return 'expected the same events in another order'
  const at = actual.findIndex((event, index) => !isDeepStrictEqual(event, expected[index]))
  const [want, got] = [expected[at]?.type, actual[at]?.type]
  const which = expected.length === 1 ? 'the event' : `event ${at + 1} of ${expected.length}`
  return want === got
    ? `${which}, ${want}, is not as expected`
    : `expected ${which} to be ${want}, it is ${got}`
}

/** @throws AssertionError unless both are the same events in the same order, none missing, none extra */
export function requireEvents(expected: readonly PlainEvent[], actual: readonly PlainEvent[]): void {
  requireEqual({ problem: problemOf(expected, actual), expected, actual })
}
