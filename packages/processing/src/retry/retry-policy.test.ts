import fc from 'fast-check'
import { expect, test } from 'vitest'

import { createRetrySchedule, deferralMs, retryDelayMs } from './retry-policy.ts'
import type { RetrySchedule } from './retry-policy.ts'

const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
const failed = fc.integer({ min: 1, max: 1000 })
const schedules: fc.Arbitrary<RetrySchedule> = fc
  .record({
    shape: fc.constantFrom('fixed' as const, 'linear' as const, 'exponential' as const),
    maxAttempts: fc.integer({ min: 1, max: 1000 }),
    initialMs: fc.integer({ min: 0, max: 60_000 }),
    extraMs: fc.integer({ min: 0, max: 86_340_000 }),
    jitter: fc.constantFrom('full' as const, 'none' as const),
  })
  .map(({ extraMs, ...rest }) => createRetrySchedule({ ...rest, capMs: rest.initialMs + extraMs }, 'retry'))

test('no pause is longer than the cap or negative', () => {
  fc.assert(
    fc.property(schedules, failed, random, (schedule, after, chance) => {
      const delay = retryDelayMs(schedule, after, () => chance)
      expect(delay).toBeGreaterThanOrEqual(0)
      expect(delay).toBeLessThanOrEqual(schedule.capMs)
    }),
  )
})

test('without jitter the pauses never shrink', () => {
  fc.assert(
    fc.property(schedules, failed, (schedule, after) => {
      const plain = { ...schedule, jitter: 'none' as const }
      const [now, next] = [
        retryDelayMs(plain, after, Math.random),
        retryDelayMs(plain, after + 1, Math.random),
      ]
      expect(next).toBeGreaterThanOrEqual(now)
    }),
  )
})

test('full jitter takes a random part of the plain pause', () => {
  fc.assert(
    fc.property(schedules, failed, random, (schedule, after, chance) => {
      const plain = retryDelayMs({ ...schedule, jitter: 'none' }, after, Math.random)
      expect(retryDelayMs({ ...schedule, jitter: 'full' }, after, () => chance)).toBeCloseTo(
        plain * chance,
        6,
      )
    }),
  )
})

test('the three shapes grow as their names say', () => {
  const delays = (shape: RetrySchedule['shape']): number[] => {
    const schedule = createRetrySchedule({ shape, initialMs: 100, capMs: 1_000, jitter: 'none' }, 'retry')
    return [1, 2, 3, 4, 5].map((after) => retryDelayMs(schedule, after, Math.random))
  }
  expect(delays('fixed')).toEqual([100, 100, 100, 100, 100])
  expect(delays('linear')).toEqual([100, 200, 300, 400, 500])
  expect(delays('exponential')).toEqual([100, 200, 400, 800, 1_000])
})

test('a deferral is bounded by the cap and never below half of what the delivery has waited', () => {
  fc.assert(
    fc.property(schedules, fc.integer({ min: 0, max: 86_400_000 }), random, (schedule, ageMs, chance) => {
      const delay = deferralMs(schedule, ageMs, () => chance)
      const waited = schedule.shape === 'fixed' ? schedule.initialMs : Math.min(schedule.capMs, ageMs)
      expect(delay).toBeLessThanOrEqual(schedule.capMs)
      expect(delay).toBeGreaterThanOrEqual(Math.min(waited, schedule.capMs) / 2)
    }),
  )
})

test('the defaults are three attempts, 100 ms doubling to 30 s, with full jitter', () => {
  expect(createRetrySchedule({}, 'retry')).toEqual({
    shape: 'exponential',
    maxAttempts: 3,
    initialMs: 100,
    capMs: 30_000,
    jitter: 'full',
  })
})

test('a first pause above the default cap raises the cap', () => {
  expect(createRetrySchedule({ initialMs: 60_000 }, 'retry').capMs).toBe(60_000)
})

test.each([
  ['shape', { shape: 'cubic' as 'fixed' }],
  ['maxAttempts', { maxAttempts: 0 }],
  ['maxAttempts', { maxAttempts: 2.5 }],
  ['initialMs', { initialMs: -1 }],
  ['capMs', { initialMs: 100, capMs: 99 }],
  ['jitter', { jitter: 'some' as 'full' }],
])('a bad %s is refused by name', (field, policy) => {
  expect(() => createRetrySchedule(policy, 'action post.retry')).toThrow(
    expect.objectContaining({ code: 'ERR_CONFIGURATION', setting: `action post.retry.${field}` }),
  )
})
