import { AssertionError } from 'node:assert'
import { isDeepStrictEqual } from 'node:util'

import { withoutOurFrames } from './callers.ts'
import { differenceOf } from './difference.ts'

/** Both sides of a comparison that must agree. */
export interface Comparison {
  /** What did not hold, in a sentence. */
  readonly problem: string
  readonly expected: unknown
  readonly actual: unknown
}

function pointing(error: AssertionError): AssertionError {
  if (error.stack !== undefined) error.stack = withoutOurFrames(error.stack)
  return error
}

/** A failed assertion with the difference in its message; runners find both sides in `expected` and `actual`. */
export function mismatch({ problem, expected, actual }: Comparison): AssertionError {
  const message = `${problem}\n\n${differenceOf(expected, actual)}\n`
  return pointing(new AssertionError({ message, expected, actual, stackStartFn: mismatch }))
}

/** @throws AssertionError unless both sides are equal, down to the kinds of their values */
export function requireEqual(comparison: Comparison): void {
  if (!isDeepStrictEqual(comparison.actual, comparison.expected)) throw mismatch(comparison)
}

/** A failed assertion that has nothing to compare. */
export function failure(problem: string, cause?: unknown): AssertionError {
  const error = pointing(new AssertionError({ message: problem, stackStartFn: failure }))
  // AssertionError takes no cause of its own.
  if (cause !== undefined) Object.defineProperty(error, 'cause', { value: cause, configurable: true })
  return error
}
