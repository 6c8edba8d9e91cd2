import { expect, test } from 'vitest'

import { parseCommandLine } from './command-line.ts'

test('without arguments sixteen append ten thousand events in batches of a hundred to a cluster', () => {
  expect(parseCommandLine([])).toEqual({
    options: { servers: 3, replicas: 3, events: 10_000, batch: 100, writers: 16 },
  })
})

test('a single server keeps one copy', () => {
  expect(parseCommandLine(['--servers', '1', '--events', '7', '--batch', '3', '--writers', '1'])).toEqual({
    options: { servers: 1, replicas: 1, events: 7, batch: 3, writers: 1 },
  })
})

test.each([
  [['--servers', '2'], '--servers must be 1 or 3'],
  [['--servers', '1', '--replicas', '3'], '--replicas 3 needs --servers 3'],
  [['--events', '0'], '--events must be a whole number from 1 to 100000000'],
  [['--events', '1e4'], '--events must be a whole number'],
  [['--batch', '20000'], '--batch must be a whole number from 1 to 10000'],
  [['--writers', '1001'], '--writers must be a whole number from 1 to 1000'],
  [['--fast'], "Unknown option '--fast'"],
  [['now'], 'Unexpected argument'],
])('%j is refused', (args, problem) => {
  expect(parseCommandLine(args)).toEqual({ problem: expect.stringContaining(problem) as string })
})
