import { callerPlace } from '../difference/callers.ts'
import { failure } from '../difference/mismatch.ts'

/** A spec that has asserted nothing yet. */
export interface OpenSpec {
  /** Something was asserted, or another spec goes on from here. */
  readonly finish: () => void
}

/** Errors for their stacks, which are made into text only where one is shown. */
const open = new Set<Error>()
let onAssertion: (() => void) | undefined

/** Notes that a spec was begun. */
export function openSpec(): OpenSpec {
  const spec = new Error('begun here')
  open.add(spec)
  return { finish: () => void open.delete(spec) }
}

/** Tells the runner's binding that something is being asserted. */
export function countAssertion(): void {
  onAssertion?.()
}

/** Has every assertion of a spec counted, for runners that fail tests without any. */
export function setAssertionCounter(count: (() => void) | undefined): void {
  onAssertion = count
}

/** Forgets specs that were begun outside of tests, as a base that several tests share. */
export function forgetOpenSpecs(): void {
  open.clear()
}

/**
 * For the `afterEach` of any test runner: a spec that was begun and never asserts anything would pass whatever the code
 * does.
 * @throws AssertionError naming where each of them was begun
 */
export function assertSpecsFinished(): void {
  const places = [...open].map((begun) => `  ${callerPlace(begun)}`)
  open.clear()
  if (places.length === 0) return
  throw failure(
    `a spec was begun and asserts nothing; end it with then, rejects or another assertion:\n${places.join('\n')}`,
  )
}
