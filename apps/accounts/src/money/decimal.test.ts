import { InvalidValueError } from '@millrace/contracts'
import fc from 'fast-check'
import { expect, test } from 'vitest'

import { formatDecimal, maxScale, parseDecimal } from './decimal.ts'

const scale = fc.integer({ min: 0, max: maxScale })
const units = fc.bigInt({ min: -(10n ** 14n), max: 10n ** 14n })

test('what is written is read again, at every scale', () => {
  fc.assert(
    fc.property(units, scale, (amount, digits) => {
      expect(parseDecimal(formatDecimal(amount, digits), digits)).toBe(amount)
    }),
  )
})

test('digits that are left out are noughts', () => {
  expect(parseDecimal('12', 2)).toBe(1200n)
  expect(parseDecimal('12.5', 2)).toBe(1250n)
  expect(parseDecimal('-0.05', 2)).toBe(-5n)
  expect(parseDecimal('12.500', 2)).toBe(1250n)
  expect(parseDecimal('7', 0)).toBe(7n)
})

test('nothing is rounded', () => {
  expect(parseDecimal('12.345', 2)).toBeUndefined()
  expect(parseDecimal('0.1', 0)).toBeUndefined()
  const tenths = Array.from({ length: 10 }, () => parseDecimal('0.10', 2) ?? 0n)
  expect(tenths.reduce((sum, tenth) => sum + tenth, 0n)).toBe(100n)
})

test.each(['', '.5', '1.', '1e3', '1,5', '+1', ' 1', 'NaN', '0x10', '1'.repeat(30)])(
  '%j is no decimal',
  (text) => {
    expect(parseDecimal(text, 2)).toBeUndefined()
  },
)

test('a scale out of its range is refused', () => {
  expect(() => formatDecimal(1n, 10)).toThrow(InvalidValueError)
  expect(() => formatDecimal(1n, 1.5)).toThrow(InvalidValueError)
})
