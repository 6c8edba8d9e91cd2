import { afterEach, expect, test, vi } from 'vitest'

import { chooseSeed, createRandom, seedVariable } from './random.ts'

afterEach(() => vi.unstubAllEnvs())

const drawn = (seed: number): readonly number[] => {
  const random = createRandom(seed)
  return Array.from({ length: 1_000 }, random)
}

test('one seed draws the same numbers, another draws others, all from 0 to below 1', () => {
  expect(drawn(7)).toEqual(drawn(7))
  expect(drawn(7)).not.toEqual(drawn(8))
  expect(drawn(7).every((number) => number >= 0 && number < 1)).toBe(true)
  const mean = drawn(7).reduce((sum, number) => sum + number, 0) / 1_000
  expect(mean).toBeGreaterThan(0.45)
  expect(mean).toBeLessThan(0.55)
})

test('a run repeats the seed of the environment', () => {
  vi.stubEnv(seedVariable, '4294967295')
  expect(chooseSeed()).toBe(4_294_967_295)
  vi.stubEnv(seedVariable, undefined)
  expect(chooseSeed()).toBeLessThan(2 ** 32)
})

test.each(['', 'abc', '1.5', '-1', '4294967296', '1e3'])('%j is no seed', (text) => {
  vi.stubEnv(seedVariable, text)
  expect(() => chooseSeed()).toThrow(expect.objectContaining({ code: 'ERR_CONFIGURATION' }))
})
