import { expect, test } from 'vitest'

import { ActionSlots } from '../action/action-slots.ts'
import { defineAction } from '../action/define-action.ts'
import type { ActionDefinition } from '../action/define-action.ts'
import { at } from '../stored-event.test.fixture.ts'
import { ActionLane, claimMs } from './action-lane.ts'
import type { Job } from './job.ts'

const clock = { time: 0, now: () => clock.time, monotonic: () => clock.time }

function laneOf(slots: number, more: Partial<ActionDefinition> = {}): ActionLane {
  const action = defineAction({ name: 'post', execute: async () => undefined, ...more })
  return new ActionLane(action, new ActionSlots(slots), clock)
}

function job(id: string): Job {
  return {
    id,
    action: 'post',
    recordId: id,
    position: at(1),
    attempt: 1,
    attemptsLeft: 1,
    openedAt: 0,
    recent: undefined,
  }
}

/** Two attempts a millisecond, for long enough to be believed. */
function learnPace(lane: ActionLane): void {
  for (let i = 0; i < 40; i++) {
    expect(lane.takeFresh()).toBe('slot')
    lane.begins()
    clock.time += 0.5
    lane.ends()
  }
}

test('a fresh delivery starts at once only where none waits', () => {
  const lane = laneOf(2)
  expect(lane.takeFresh()).toBeUndefined()
  lane.asking()
  expect(lane.takeFresh()).toBe('slot')
  lane.expectMore()
  expect(lane.takeFresh()).toBeUndefined()
})

test('the ledger is asked only when something may wait and could start', () => {
  const lane = laneOf(1)
  expect(lane.wantsMore).toBe(true)
  lane.asking()
  expect(lane.wantsMore).toBe(false)
  expect(lane.takeFresh()).toBe('slot')
  lane.expectMore()
  expect(lane.wantsMore).toBe(false)
  lane.returnSlot()
  expect(lane.wantsMore).toBe(true)
})

test('due deliveries leave oldest first, one for each free slot', () => {
  const lane = laneOf(2)
  lane.asking()
  lane.fill(['a', 'b', 'c'].map(job))
  expect(lane.take(10).map(({ id }) => id)).toEqual(['a', 'b'])
  expect(lane.take(10)).toEqual([])
  expect(lane.takeAhead(10)).toEqual([])
  lane.returnSlot()
  expect(lane.take(10).map(({ id }) => id)).toEqual(['c'])
})

test('where attempts end quickly, more are claimed than there are slots, and each begins as soon as one ends', () => {
  const lane = laneOf(1)
  lane.asking()
  learnPace(lane)
  expect(lane.takeFresh()).toBe('slot')
  expect([lane.takeFresh(), lane.takeFresh()]).toEqual(['claim', 'claim'])
  lane.claimed(job('a'))
  lane.claimed(job('b'))
  expect(lane.nextClaim()).toBeUndefined()
  lane.begins()
  lane.ends()
  expect(lane.nextClaim()?.id).toBe('a')
  expect(lane.nextClaim()).toBeUndefined()
})

test('no more are claimed than end within a tenth of a second, and none of an action that is stuck', () => {
  const lane = laneOf(1)
  lane.asking()
  learnPace(lane)
  expect(lane.takeFresh()).toBe('slot')
  lane.begins()
  let claims = 0
  while (lane.takeFresh() === 'claim') claims++
  expect(claims).toBe(200)
  for (let i = 0; i < claims; i++) lane.unclaimed()
  clock.time += 300
  expect(lane.takeFresh()).toBeUndefined()
})

test('nothing is claimed ahead where an unknown outcome is a dead letter', () => {
  const lane = laneOf(1, { afterUnknown: 'dead-letter' })
  lane.asking()
  learnPace(lane)
  expect([lane.takeFresh(), lane.takeFresh()]).toEqual(['slot', undefined])
})

test('claims whose turn does not come in time are given up, and all of them when asked', () => {
  const lane = laneOf(1)
  lane.asking()
  learnPace(lane)
  expect(lane.takeFresh()).toBe('slot')
  for (const id of ['a', 'b']) {
    expect(lane.takeFresh()).toBe('claim')
    lane.claimed(job(id))
    expect(lane.giveUpClaims(false)).toEqual([])
    clock.time += claimMs / 2
  }
  expect(lane.giveUpClaims(false).map(({ id }) => id)).toEqual(['a'])
  expect(lane.giveUpClaims(true).map(({ id }) => id)).toEqual(['b'])
  expect(lane.hasClaims).toBe(false)
})

test('a batch waits for actions that are nearly through, not for those that are far from it', () => {
  const lane = laneOf(1)
  lane.asking()
  expect(lane.clearsSoon(5)).toBe(false)
  lane.waits()
  expect(lane.clearsSoon(1)).toBe(false)
  lane.asking()
  lane.fill(['a'].map(job))
  lane.take(1)
  lane.begins()
  clock.time += 20
  lane.ends()
  lane.left('a', true)
  // One each 20 ms: 10 that wait are through in half a second, 30 are not.
  for (let i = 0; i < 10; i++) lane.waits()
  expect(lane.clearsSoon(1)).toBe(true)
  for (let i = 0; i < 20; i++) lane.waits()
  expect(lane.clearsSoon(1)).toBe(false)
})

test('the end of an ordered delivery asks for what waited behind it, until nothing does', () => {
  const ordered = laneOf(9, { order: 'key' })
  const begin = (id: string): void => {
    expect(ordered.takeFresh()).toBe('slot')
    ordered.begun(id)
  }
  ordered.asking()
  begin('a')
  ordered.left('a', true)
  expect(ordered.wantsMore).toBe(true)
  // More was opened while it was asked: what it was told is old.
  ordered.nothingWaits()
  ordered.asking()
  begin('b')
  ordered.left('b', true)
  expect(ordered.wantsMore).toBe(true)
  ordered.asking()
  ordered.nothingWaits()
  begin('c')
  ordered.left('c', true)
  expect(ordered.wantsMore).toBe(false)
  ordered.expectMore()
  ordered.asking()
  begin('d')
  ordered.left('d', true)
  expect(ordered.wantsMore).toBe(true)
})

test('something may wait for a delivery that was in hand before, however little is due', () => {
  const ordered = laneOf(3, { order: 'key' })
  ordered.asking()
  ordered.begun('old')
  ordered.waits()
  ordered.asking()
  ordered.begun('new')
  ordered.nothingWaits()
  ordered.left('new', true)
  expect(ordered.wantsMore).toBe(true)
  ordered.asking()
  ordered.left('old', true)
  expect(ordered.wantsMore).toBe(true)
  ordered.asking()
  ordered.begun('newest')
  ordered.nothingWaits()
  ordered.left('newest', true)
  expect(ordered.wantsMore).toBe(false)
})
