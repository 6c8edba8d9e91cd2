import { expect, test } from 'vitest'

import { withHigherTests } from './test-projects.mjs'

const hasFolder = (folder: string): boolean => folder === 'tests/app'

test.each([
  [
    ['--project', 'app'],
    ['--project', 'app', '--project', 'tests-app'],
  ],
  [
    ['--project=app', '-t', 'starts'],
    ['--project=app', '-t', 'starts', '--project', 'tests-app'],
  ],
  [
    ['--project', 'memory'],
    ['--project', 'memory'],
  ],
  [
    ['--project', 'tests-app'],
    ['--project', 'tests-app'],
  ],
  [
    ['app', '--project'],
    ['app', '--project'],
  ],
])('%j is run as %j', (given, run) => {
  expect(withHigherTests(given, hasFolder)).toEqual(run)
})
