import { expect, test } from 'vitest'

import { Backoff } from './backoff.ts'

test('pauses double up to five seconds and start anew after a reset', () => {
  const backoff = new Backoff(() => 1)
  const pauses = Array.from({ length: 9 }, () => backoff.next())
  expect(pauses).toEqual([50, 100, 200, 400, 800, 1600, 3200, 5000, 5000])
  backoff.reset()
  expect(backoff.next()).toBe(50)
})

test('at least half of each pause is kept', () => {
  expect(new Backoff(() => 0).next()).toBe(25)
})
