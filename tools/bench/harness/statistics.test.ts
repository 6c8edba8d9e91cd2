import { expect, test } from 'vitest'

import { holds, isNearOne, median, medianInterval } from './statistics.ts'

const oneTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1)

test.each([
  [[3], 3],
  [[5, 1, 3], 3],
  [[4, 1, 3, 2], 2.5],
])('the median of %j is %d', (values, middle) => {
  expect(median(values)).toBe(middle)
})

test('nothing has no median and no interval', () => {
  expect(() => median([])).toThrow(RangeError)
  expect(() => medianInterval([])).toThrow(RangeError)
})

// Conover, Practical Nonparametric Statistics, table of the sign test: ranks of the 95 % interval of a median.
test.each([
  [5, { low: 1, high: 5 }],
  [6, { low: 1, high: 6 }],
  [9, { low: 2, high: 8 }],
  [15, { low: 4, high: 12 }],
  [20, { low: 6, high: 15 }],
  [25, { low: 8, high: 18 }],
])('the interval of the median of %d rounds leaves out the known number on each side', (n, interval) => {
  expect(medianInterval(oneTo(n).toReversed())).toEqual(interval)
})

test('a goal of 0.85 is near 1, one of 0.6 is not', () => {
  expect([0.84, 0.85, 1, 1.15, 1.16].map(isNearOne)).toEqual([false, true, true, true, false])
})

test('a goal far from 1 is judged by the median', () => {
  expect(holds([0.5, 0.59, 0.61, 0.7, 0.8], 0.6)).toBe(true)
  expect(holds([0.5, 0.58, 0.59, 0.7, 0.8], 0.6)).toBe(false)
})

test('a goal near 1 is judged by the lower bound', () => {
  const ratios = [...Array.from({ length: 4 }, () => 0.84), ...Array.from({ length: 11 }, () => 0.95)]
  expect(median(ratios)).toBe(0.95)
  expect(holds(ratios, 0.85)).toBe(false)
  // The fourth lowest of 15 is the bound.
  expect(holds([0.85, ...ratios.slice(1)], 0.85)).toBe(true)
})

test('a goal near 1 is never judged by a few rounds', () => {
  expect(() => holds([0.9, 0.9, 0.9, 0.9, 0.9], 0.85)).toThrow('needs 15 rounds')
})

test('of times the goal is the most', () => {
  expect(holds([1.5, 2, 2.1, 2.3, 3], 2.2, 'most')).toBe(true)
  expect(holds([1.5, 2, 2.3, 2.4, 3], 2.2, 'most')).toBe(false)
})

test('a goal near 1 that is the most is judged by the upper bound', () => {
  const ratios = [...Array.from({ length: 4 }, () => 1.01), ...Array.from({ length: 11 }, () => 0.5)]
  expect(median(ratios)).toBe(0.5)
  expect(holds(ratios, 1, 'most')).toBe(false)
  // The fourth highest of 15 is the bound.
  expect(holds([1, ...ratios.slice(1)], 1, 'most')).toBe(true)
})
