import { expect, test } from 'vitest'

import { outcomeOf } from './test-run.ts'
import type { Report } from './test-run.ts'

const name = { project: 'gates', file: 'src/gate.test.ts', test: 'the gate > keeps out > strangers' }

function report(status: string, failure?: string): Report {
  const failureMessages = failure === undefined ? [] : [failure]
  return {
    testResults: [
      { name: '/copy/gates/src/other.test.ts', message: 'unreadable', assertionResults: [] },
      {
        name: '/copy/gates/src/gate.test.ts',
        message: '',
        assertionResults: [{ fullName: 'the gate keeps out strangers', status, failureMessages }],
      },
    ],
  }
}

test.each([
  ['AssertionError: expected true to be false\n    at gate.test.ts:3'],
  ['AssertionError [ERR_ASSERTION]: Expected values to be strictly equal'],
])('an assertion that does not hold refutes: %s', (failure) => {
  expect(outcomeOf(report('failed', failure), name)).toEqual({
    kind: 'refuted',
    message: failure.split('\n')[0],
  })
})

test('a test that passes says so', () => {
  expect(outcomeOf(report('passed'), name)).toEqual({ kind: 'passed' })
})

test.each([
  [
    'a test that ends in another error',
    report('failed', 'TypeError: gate is undefined'),
    'TypeError: gate is undefined',
  ],
  [
    'a test that takes too long',
    report('failed', 'Error: Test timed out in 30000ms.'),
    'Error: Test timed out in 30000ms.',
  ],
  ['a test that was skipped', report('skipped'), 'skipped'],
  ['a test that is not there', { testResults: [] }, 'the test was not found'],
])('%s proves nothing', (_, given, message) => {
  expect(outcomeOf(given, name)).toEqual({ kind: 'broken', message })
})

test('a file that cannot be loaded proves nothing and says why', () => {
  const broken = {
    testResults: [{ name: '/copy/src/gate.test.ts', message: 'SyntaxError: }', assertionResults: [] }],
  }
  expect(outcomeOf(broken, name)).toEqual({ kind: 'broken', message: 'SyntaxError: }' })
})
