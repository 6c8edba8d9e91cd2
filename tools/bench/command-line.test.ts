import { expect, test } from 'vitest'

import { parseCommandLine, usageOf } from './command-line.ts'
import type { Suite } from './harness/suite.ts'

const suite: Suite = {
  name: 'walks',
  about: 'how fast one walks',
  open: () => ({ contests: [], async [Symbol.asyncDispose]() {} }),
}

test('a suite with its options', () => {
  expect(parseCommandLine(['walks'], [suite])).toEqual({
    command: { suite, json: false, quick: false, only: '' },
  })
  expect(parseCommandLine(['--json', 'walks', '--only', 'uphill', '--quick'], [suite])).toEqual({
    command: { suite, json: true, quick: true, only: 'uphill' },
  })
})

test.each([
  [[], 'no suite was named'],
  [['runs'], 'unknown suite: runs'],
  [['walks', 'runs'], 'one suite at a time: runs is too much'],
  [['walks', '--fast'], "Unknown option '--fast'"],
])('%j is refused', (args, problem) => {
  expect(parseCommandLine(args, [suite])).toEqual({ problem: expect.stringContaining(problem) as string })
})

test('the usage names every suite', () => {
  expect(usageOf([suite])).toContain('  walks      how fast one walks\n')
})
