import { expect, test } from 'vitest'

import { jobRetryDelay } from './job-retry-delay.ts'

const policy = { maxAttempts: 9, initialMs: 100, maxMs: 1_000 }

test('pauses double up to their most, and are drawn by lot from their upper half', () => {
  expect([1, 2, 3, 4, 5, 90].map((attempts) => jobRetryDelay(policy, attempts, 1))).toEqual([
    100, 200, 400, 800, 1_000, 1_000,
  ])
  expect([1, 2, 5].map((attempts) => jobRetryDelay(policy, attempts, 0))).toEqual([50, 100, 500])
})
