import { expect, test } from 'vitest'

import { DueTimer } from './due-timer.ts'

test('the earliest time counts, and comes once', () => {
  let time = 1_000
  const timer = new DueTimer({ now: () => time, monotonic: () => time })
  expect(timer.remainingMs()).toBeUndefined()
  timer.setAtMost(undefined)
  timer.setAtMost(500)
  timer.setAtMost(100)
  timer.setAtMost(300)
  expect(timer.remainingMs()).toBe(101)
  expect(timer.hasPassed()).toBe(false)
  time += 101
  expect(timer.hasPassed()).toBe(true)
  expect(timer.hasPassed()).toBe(false)
  expect(timer.remainingMs()).toBeUndefined()
})
