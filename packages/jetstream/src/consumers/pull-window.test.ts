import { expect, test } from 'vitest'

import { PullWindow } from './pull-window.ts'

const bounds = { maxMessages: 1000, maxBytes: 100_000 }

test('what is asked for and what waits together stay within the bounds', () => {
  const window = new PullWindow(bounds)
  const first = window.next(0)
  window.pulled(first)
  for (let n = 0; n < first; n++) window.delivered(100)
  let [asked, waiting] = [0, first]
  for (let pull = window.next(waiting); pull > 0; pull = window.next(waiting)) {
    window.pulled(pull)
    asked += pull
  }
  expect(asked + waiting).toBeLessThanOrEqual(1000)
  expect(asked + waiting).toBeGreaterThan(500)
  waiting += asked
  expect(window.next(waiting)).toBe(0)
})

test('the larger the messages are, the fewer are asked for, and at least one', () => {
  const window = new PullWindow(bounds)
  const pullAfter = (bytes: number): number => {
    for (let n = 0; n < 200; n++) window.delivered(bytes)
    return window.next(0)
  }
  expect(pullAfter(100)).toBe(500)
  expect(pullAfter(1_000)).toBeLessThanOrEqual(50)
  expect(pullAfter(10_000_000)).toBe(1)
})

test('before the first message nothing is known of sizes: few are asked for', () => {
  expect(new PullWindow(bounds).next(0)).toBeLessThanOrEqual(64)
})

test('what will not come is asked for anew', () => {
  const window = new PullWindow({ maxMessages: 4, maxBytes: 1_000 })
  const pull = (): number => {
    const count = window.next(0)
    window.pulled(count)
    return count
  }
  expect([pull(), pull(), pull()]).toEqual([2, 2, 0])
  window.ended(2)
  expect([pull(), pull()]).toEqual([2, 0])
  window.restarted()
  expect([window.asked, pull()]).toEqual([0, 2])
  window.ended(100)
  expect(window.asked).toBe(0)
})
