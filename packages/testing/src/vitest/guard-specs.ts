import { afterEach, beforeEach, expect } from 'vitest'

import { assertSpecsFinished, forgetOpenSpecs, setAssertionCounter } from '../spec/open-specs.ts'

function countForVitest(): void {
  expect.setState({ assertionCalls: expect.getState().assertionCalls + 1 })
}

/**
 * Makes specs known to Vitest, for the tests of this file, or of all where a setup file calls it: a test fails where a
 * spec was begun and asserts nothing, and specs count for `expect.hasAssertions`, `expect.assertions` and
 * `expect.requireAssertions`.
 */
export function guardSpecs(): void {
  setAssertionCounter(countForVitest)
  beforeEach(forgetOpenSpecs)
  afterEach(({ task }) => {
    // A test that failed has said why already; what it left open follows from that.
    if (task.result?.state === 'fail') forgetOpenSpecs()
    else assertSpecsFinished()
  })
}
