import { expect, test } from 'vitest'

import { isEventType, isSchemaVersion, maxSchemaVersion, tombstoneType } from './event-type.ts'

test.each(['A', 'item-added', 'com.example/item:added', '_x', '1', '__proto__', 'x'.repeat(255)])(
  '%j may be an event type',
  (text) => {
    expect(isEventType(text)).toBe(true)
  },
)

test.each(['', '.a', '-a', ':a', '/a', '$a', 'a b', 'é', 'a\n', 'x'.repeat(256), 1, null, ['A']])(
  '%j may not be an event type',
  (text) => {
    expect(isEventType(text)).toBe(false)
  },
)

test('a type is judged alike however often it is asked for and however many there are', () => {
  const types = Array.from({ length: 3000 }, (_, n) => `type-${n}`)
  for (let round = 0; round < 2; round++) {
    expect(types.every(isEventType)).toBe(true)
    expect(types.map((type) => ` ${type}`).some(isEventType)).toBe(false)
  }
})

test('the type of a tombstone is out of reach', () => {
  expect(isEventType(tombstoneType)).toBe(false)
})

test('schema versions are whole numbers from 1 that 32 bits hold', () => {
  expect([1, 2, maxSchemaVersion].every(isSchemaVersion)).toBe(true)
  expect([0, -1, 1.5, NaN, maxSchemaVersion + 1, '1', undefined].some(isSchemaVersion)).toBe(false)
})
