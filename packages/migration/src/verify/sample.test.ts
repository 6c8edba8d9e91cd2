import fc from 'fast-check'
import { expect, test } from 'vitest'

import { Sample, seededRandom } from './sample.ts'

function drawn(size: number, of: number, seed: string): readonly number[] {
  const sample = new Sample<number>(size, seededRandom(seed))
  for (let n = 0; n < of; n++) sample.offer(() => n)
  return sample.items
}

test('the same seed draws the same items', () => {
  fc.assert(
    fc.property(fc.string(), fc.nat(50), fc.nat(500), (seed, size, of) => {
      expect(drawn(size, of, seed)).toEqual(drawn(size, of, seed))
    }),
  )
})

test('as many are drawn as asked for, none of them twice, or all where there are fewer', () => {
  fc.assert(
    fc.property(fc.nat(50), fc.nat(500), (size, of) => {
      const items = drawn(size, of, 'a')
      expect(items).toHaveLength(Math.min(size, of))
      expect(new Set(items).size).toBe(items.length)
    }),
  )
})

test('every part of the log is drawn from alike', () => {
  const items = drawn(2_000, 100_000, 'b')
  const tenths = Array.from(
    { length: 10 },
    (_, tenth) => items.filter((n) => Math.floor(n / 10_000) === tenth).length,
  )
  for (const count of tenths) expect(count).toBeGreaterThan(150)
})

test('other seeds draw others', () => {
  expect(drawn(10, 1_000, 'a')).not.toEqual(drawn(10, 1_000, 'b'))
})
