import { expect, test } from 'vitest'

import type { ActionFailureKind } from '../action/action-error.ts'
import { defineAction } from '../action/define-action.ts'
import { at, storedEvent } from '../stored-event.test.fixture.ts'
import type { AttemptEnd } from './attempt.ts'
import type { Job } from './job.ts'
import { attemptRecord, verdictOf } from './verdict.ts'

const dayMs = 86_400_000
const action = defineAction({
  name: 'post',
  execute: async () => undefined,
  retry: { shape: 'linear', initialMs: 100, jitter: 'none', maxAttempts: 3 },
})
const stored = storedEvent()
const job: Job = {
  id: 'r:p:post',
  action: 'post',
  recordId: stored.id,
  position: at(1),
  attempt: 1,
  attemptsLeft: 3,
  openedAt: 1_000,
  recent: undefined,
}

const delivered: AttemptEnd = { kind: 'delivered', statusCode: 204, writes: [], stored }

function failed(kind: ActionFailureKind, retryAfterMs?: number): AttemptEnd {
  return { kind: 'failed', stored, failure: { kind, error: 'no', statusCode: 500, retryAfterMs } }
}

function verdict(end: AttemptEnd, change: Partial<Job> = {}, now = 1_000): unknown {
  return verdictOf(action, { ...job, ...change }, end, { now, random: () => 1 })
}

test('a delivered attempt ends the delivery', () => {
  expect(verdict(delivered)).toEqual({ kind: 'delivered' })
})

test('transient failures are retried by the schedule until the attempts are used up', () => {
  expect(verdict(failed('transient'))).toEqual({ kind: 'retry', delayMs: 100 })
  expect(verdict(failed('transient'), { attempt: 2, attemptsLeft: 2 })).toEqual({
    kind: 'retry',
    delayMs: 200,
  })
  expect(verdict(failed('transient'), { attempt: 3, attemptsLeft: 1 })).toMatchObject({
    kind: 'dead',
    reason: 'failed 3 times, last: no',
    record: { payload: stored.payload, contentType: 'application/json' },
  })
})

test('a permanent failure is dead at once, with its reason and record', () => {
  expect(verdict(failed('permanent'))).toMatchObject({
    kind: 'dead',
    reason: 'no',
    record: { payload: '{"n":1}' },
  })
})

test('Retry-After is honoured above the schedule, up to a day, and does not hurry it', () => {
  expect(verdict(failed('transient', 5_000))).toEqual({ kind: 'retry', delayMs: 5_000 })
  expect(verdict(failed('transient', 10 * dayMs))).toEqual({ kind: 'retry', delayMs: dayMs })
  expect(verdict(failed('transient', 1))).toEqual({ kind: 'retry', delayMs: 100 })
})

test('a Retry-After that is no number leaves the schedule as it is', () => {
  expect(verdict(failed('transient', Number.NaN))).toEqual({ kind: 'retry', delayMs: 100 })
  expect(verdict(failed('transient', -5))).toEqual({ kind: 'retry', delayMs: 100 })
  expect(verdict(failed('transient', Infinity))).toEqual({ kind: 'retry', delayMs: dayMs })
})

test('an unreachable destination defers without counting, until the delivery is a day old', () => {
  expect(verdict(failed('unreachable'), { attemptsLeft: 1 })).toEqual({ kind: 'defer', delayMs: 100 })
  expect(verdict(failed('unreachable'), {}, 6_000)).toEqual({ kind: 'defer', delayMs: 5_000 })
  expect(verdict(failed('unreachable'), {}, 1_000 + dayMs)).toMatchObject({ kind: 'dead' })
})

test('a record that is gone cancels, one that cannot be read just now waits', () => {
  expect(verdict({ kind: 'gone', reason: 'erased' })).toEqual({ kind: 'cancelled', reason: 'erased' })
  expect(verdict({ kind: 'not-tried', error: 'away' })).toEqual({ kind: 'defer', delayMs: 1_000 })
})

test('every end is kept as an attempt', () => {
  const times = { startedAt: 5_000, durationMs: 12.4 }
  const base = { number: 1, startedAt: new Date(5_000), durationMs: 12 }
  const kept = (end: AttemptEnd): unknown => attemptRecord(job, end, times)
  expect(kept(delivered)).toEqual({
    ...base,
    outcome: 'delivered',
    statusCode: 204,
  })
  expect(kept({ kind: 'delivered', statusCode: undefined, writes: [], stored })).toEqual({
    ...base,
    outcome: 'delivered',
  })
  expect(kept(failed('transient'))).toEqual({ ...base, outcome: 'failed', error: 'no', statusCode: 500 })
  expect(kept({ kind: 'gone', reason: 'erased' })).toEqual({ ...base, outcome: 'failed', error: 'erased' })
  expect(kept({ kind: 'not-tried', error: 'away' })).toEqual({ ...base, outcome: 'failed', error: 'away' })
})

test('what was put off as its destination is away never dies of it, and waits as long as it is told', () => {
  expect(verdict(failed('deferred', 5_000), {}, 1_000 + 30 * dayMs)).toEqual({
    kind: 'defer',
    delayMs: 5_000,
  })
  expect(verdict(failed('deferred'))).toEqual({ kind: 'defer', delayMs: 1_000 })
})
