import { setTimeout as sleep } from 'node:timers/promises'

import { ConfigurationError } from '@millrace/contracts'
import { expect, test, vi } from 'vitest'

import { Backoff } from './backoff.ts'

vi.mock('node:timers/promises', { spy: true })

async function pausesOf(backoff: Backoff, attempts: readonly number[]): Promise<unknown[]> {
  const spy = vi.mocked(sleep)
  spy.mockClear()
  for (const attempt of attempts) await backoff.pause(attempt, undefined)
  return spy.mock.calls.map(([delayMs]) => delayMs)
}

test('pauses double up to the longest, and each is a random part of that', async () => {
  const longest = new Backoff({ minDelayMs: 1, maxDelayMs: 6 }, () => 1)
  expect(await pausesOf(longest, [1, 2, 3, 4, 900])).toEqual([1, 2, 4, 6, 6])
  const half = new Backoff({ minDelayMs: 1, maxDelayMs: 6 }, () => 0.5)
  expect(await pausesOf(half, [1, 2, 3, 4])).toEqual([0.5, 1, 2, 3])
})

test('an abort ends a pause with its reason', async () => {
  const aborting = new AbortController()
  const pause = new Backoff({ minDelayMs: 60_000, maxDelayMs: 60_000 }, () => 1).pause(1, aborting.signal)
  aborting.abort(new RangeError('enough'))
  await expect(pause).rejects.toThrow('enough')
})

test.each([
  ['retry.maxAttempts', { maxAttempts: 0 }],
  ['retry.maxAttempts', { maxAttempts: 1001 }],
  ['retry.minDelayMs', { minDelayMs: -1 }],
  ['retry.maxDelayMs', { minDelayMs: 10, maxDelayMs: 9 }],
  ['retry.maxDelayMs', { maxDelayMs: NaN }],
])('%s is checked', (setting, options) => {
  expect(() => new Backoff(options, Math.random)).toThrow(
    expect.objectContaining({ name: ConfigurationError.name, setting }),
  )
})
