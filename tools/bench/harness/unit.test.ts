import { expect, test } from 'vitest'

import { isTime, textOf, valueIn } from './unit.ts'

test.each([
  ['events/s', 500],
  ['commands/s', 500],
  ['ms', 2],
  ['µs', 2000],
  ['ns', 2_000_000],
] as const)('five pieces of work in ten milliseconds, in %s', (unit, value) => {
  expect(valueIn(unit, { operations: 5, ms: 10 })).toBe(value)
})

test('of times the smaller is the better', () => {
  expect((['ms', 'µs', 'ns'] as const).every(isTime)).toBe(true)
  expect((['events/s', 'deliveries/s', 'commands/s', 'transitions/s'] as const).some(isTime)).toBe(false)
})

test.each([
  [12_345.6, 'events/s', '12,346'],
  [3.25, 'ms', '3.3'],
  [0.0421, 'µs', '0.042'],
  [17.04, 'ns', '17.0'],
] as const)('%d %s is read as %s', (value, unit, text) => {
  expect(textOf(value, unit)).toBe(text)
})
