import { expect, test } from 'vitest'

import { bytesOf, duration, hueOf, plural, relative } from './format.ts'

test('a duration is told in the unit that fits', () => {
  expect([0.25, 1, 89, 90, 5400, 200_000].map(duration)).toEqual([
    '250 ms',
    '1 s',
    '89 s',
    '2 min',
    '2 h',
    '2 d',
  ])
})

test('a time is told from now on', () => {
  const now = Date.parse('2026-11-21T04:00:00Z')
  expect(relative('2026-11-21T03:59:50Z', now)).toBe('10 s ago')
  expect(relative('2026-11-21T04:00:02Z', now)).toBe('in 2 s')
  expect(relative('2026-11-21T04:00:00.400Z', now)).toBe('now')
})

test('event types of one family share a colour', () => {
  expect(hueOf('issues.opened')).toBe(hueOf('issues.closed'))
  expect(plural(1, 'event')).toBe('1 event')
  expect(plural(2, 'event')).toBe('2 events')
})

test('a size is told in the unit that fits', () => {
  expect([0, 999, 1000, 34_200_000, 5e15].map(bytesOf)).toEqual([
    '0 B',
    '999 B',
    '1 kB',
    '34.2 MB',
    '5,000 TB',
  ])
})
