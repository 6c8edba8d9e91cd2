import { expect, test } from 'vitest'

import { cheapestWay, lengthsOf } from './read-cost.ts'
import type { StreamWindow } from './stream-window.ts'

interface Shape {
  readonly version: number
  /** Messages of others between two of the stream. */
  readonly gap: number
  readonly low?: number
  readonly limit?: number
  readonly roundTripMs?: number
}

/** The way to a stream of one-event commits that lie evenly apart. */
function wayTo({ version, gap, low = 1, limit = Infinity, roundTripMs = 0.1 }: Shape): string {
  const sequence = version * (gap + 1)
  const trail = Array.from(
    { length: Math.min(32, version - 1) },
    (_, back) => sequence - (back + 1) * (gap + 1),
  )
  const newest = { events: { header: { version, count: 1 }, sequence } }
  return cheapestWay({ low, newest } as unknown as StreamWindow, trail, { limit, roundTripMs })
}

test('events side by side are searched, far apart they are asked for one by one', () => {
  expect(wayTo({ version: 100, gap: 0 })).toBe('search')
  expect(wayTo({ version: 100, gap: 10_000 })).toBe('exact')
})

test('where the server is far away, the round trips of a trail count', () => {
  expect(wayTo({ version: 100, gap: 2_000, roundTripMs: 0.1 })).toBe('exact')
  expect(wayTo({ version: 100, gap: 2_000, roundTripMs: 20 })).toBe('search')
})

test('the end of a long stream is reached by its trail, its beginning by a search', () => {
  expect(wayTo({ version: 10_000, gap: 10, low: 9_990 })).toBe('exact')
  expect(wayTo({ version: 10_000, gap: 10, limit: 10 })).toBe('search')
})

test('without a trail there is nothing but the search', () => {
  const newest = { events: { header: { version: 100, count: 1 }, sequence: 1_000_000 } }
  const window = { low: 1, newest } as unknown as StreamWindow
  expect(cheapestWay(window, [], { limit: Infinity, roundTripMs: 0.1 })).toBe('search')
})

test('a search ends with the last message that is wanted', () => {
  const lengths = (low: number, limit: number, count = 1): object =>
    lengthsOf(
      { low, newest: { events: { header: { version: 101 - count, count } } } } as unknown as StreamWindow,
      limit,
    )
  expect(lengths(1, 1)).toEqual({ wanted: 1, searched: 1 })
  expect(lengths(1, Infinity)).toEqual({ wanted: 100, searched: 100 })
  expect(lengths(41, 10)).toEqual({ wanted: 10, searched: 50 })
  expect(lengths(91, Infinity)).toEqual({ wanted: 10, searched: 100 })
  expect(lengths(1, 10, 10)).toEqual({ wanted: 1, searched: 1 })
})
