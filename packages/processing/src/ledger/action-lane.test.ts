import { expect, test } from 'vitest'

import { ActionSlots } from '../action/action-slots.ts'
import { defineAction } from '../action/define-action.ts'
import { at } from '../stored-event.test.fixture.ts'
import { ActionLane } from './action-lane.ts'
import type { Job } from './job.ts'

const action = defineAction({ name: 'post', execute: async () => undefined })

function job(id: string): Job {
  return {
    id,
    action: 'post',
    recordId: id,
    position: at(1),
    attempt: 1,
    attemptsLeft: 1,
    openedAt: 0,
    found: undefined,
  }
}

test('a fresh delivery starts at once only where none waits', () => {
  const lane = new ActionLane(action, new ActionSlots(2))
  expect(lane.takeFresh()).toBe(false)
  lane.asking()
  expect(lane.takeFresh()).toBe(true)
  lane.expectMore()
  expect(lane.takeFresh()).toBe(false)
})

test('the ledger is asked only when something may wait and could start', () => {
  const slots = new ActionSlots(1)
  const lane = new ActionLane(action, slots)
  expect(lane.wantsMore).toBe(true)
  slots.take()
  expect(lane.wantsMore).toBe(false)
  slots.giveBack()
  lane.asking()
  expect(lane.wantsMore).toBe(false)
})

test('due deliveries leave oldest first, one for each free slot', () => {
  const slots = new ActionSlots(2)
  const lane = new ActionLane(action, slots)
  lane.asking()
  lane.fill(['a', 'b', 'c'].map(job))
  expect(lane.take(10).map(({ id }) => id)).toEqual(['a', 'b'])
  expect(lane.take(10)).toEqual([])
  lane.giveBack()
  expect(lane.take(10).map(({ id }) => id)).toEqual(['c'])
  expect(slots.free).toBe(0)
})

test('the end of an ordered delivery asks for what waited behind it, until nothing does', () => {
  const ordered = new ActionLane(
    defineAction({ name: 'post', execute: async () => undefined, order: 'key' }),
    new ActionSlots(2),
  )
  ordered.asking()
  ordered.ended()
  expect(ordered.wantsMore).toBe(true)
  // More was opened while it was asked: what it was told is old.
  ordered.nothingFollows()
  ordered.asking()
  ordered.ended()
  expect(ordered.wantsMore).toBe(true)
  ordered.asking()
  ordered.nothingFollows()
  ordered.ended()
  expect(ordered.wantsMore).toBe(false)
  ordered.expectMore()
  ordered.asking()
  ordered.ended()
  expect(ordered.wantsMore).toBe(true)
})
