import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { EventVersion, parseExpectedVersion, satisfiesExpectation } from './event-version.ts'
import type { ExpectedVersion } from './event-version.ts'

const whole = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER - 1 })

describe('EventVersion', () => {
  test('begins at 0, the first event has 1', () => {
    expect(EventVersion.initial).toBe(0)
    expect(EventVersion.first).toBe(1)
    expect(EventVersion.next(EventVersion.initial)).toBe(EventVersion.first)
  })

  test('orders and prints like its number', () => {
    fc.assert(
      fc.property(whole, whole, (x, y) => {
        const [a, b] = [EventVersion.parse(x), EventVersion.parse(y)]
        expect(EventVersion.isGreaterThan(a, b)).toBe(x > y)
        expect(EventVersion.isLessThan(a, b)).toBe(x < y)
        expect(EventVersion.equals(a, b)).toBe(x === y)
        expect(EventVersion.isGreaterThan(EventVersion.next(a), a)).toBe(true)
        expect(EventVersion.toString(a)).toBe(String(x))
      }),
    )
  })

  test.each([-1, 0.5, NaN, Infinity, 2 ** 53, '1' as never, undefined as never, 1n as never])(
    '%s is refused',
    (value) => {
      expect(() => EventVersion.parse(value, 'options.fromVersion')).toThrow(
        expect.objectContaining({ code: 'ERR_INVALID_VALUE', field: 'options.fromVersion' }),
      )
    },
  )

  test('minus zero becomes zero', () => {
    expect(Object.is(EventVersion.parse(-0), 0)).toBe(true)
  })
})

describe('an expected version', () => {
  test.each(['any', 'no-stream', 'stream-exists', 1, Number.MAX_SAFE_INTEGER] as const)(
    'may be %s',
    (value) => {
      expect(parseExpectedVersion(value)).toBe(value)
    },
  )

  test.each([0, -0])('%s means no-stream', (value) => {
    expect(parseExpectedVersion(value)).toBe('no-stream')
  })

  test.each([-1, 1.5, NaN, 2 ** 53, '1', 'ANY', '', null, undefined, 1n, {}])('%s is refused', (value) => {
    expect(() => parseExpectedVersion(value as ExpectedVersion)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_VALUE', field: 'expectedVersion' }),
    )
  })

  test('any is content with everything, the others with what they name', () => {
    fc.assert(
      fc.property(fc.nat(5), fc.integer({ min: 1, max: 5 }), (actual, expected) => {
        expect(satisfiesExpectation('any', actual)).toBe(true)
        expect(satisfiesExpectation('no-stream', actual)).toBe(actual === 0)
        expect(satisfiesExpectation('stream-exists', actual)).toBe(actual > 0)
        expect(satisfiesExpectation(expected, actual)).toBe(actual === expected)
      }),
    )
  })
})
