import { expect, test } from 'vitest'

import { liveLimit, mergeEvents } from './merge-events.ts'
import type { Placed } from './merge-events.ts'

function event(commit: number, index = 0): Placed {
  return { id: `${commit}.${index}`, streamId: 'cart-1', position: `g:${commit}:${index}` }
}

test('events that come twice or late are shown once, in the order of the log', () => {
  const merged = mergeEvents([event(3), event(10, 1), event(10, 0)], [event(9), event(3), event(2)])
  expect(merged.map(({ position }) => position)).toEqual(['g:10:1', 'g:10:0', 'g:9:0', 'g:3:0', 'g:2:0'])
})

test('only the latest are kept', () => {
  const many = Array.from({ length: liveLimit + 50 }, (_, index) => event(index))
  const merged = mergeEvents(many, [])
  expect(merged).toHaveLength(liveLimit)
  expect(merged[0]?.position).toBe(`g:${liveLimit + 49}:0`)
})
