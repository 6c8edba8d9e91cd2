import { expect, test } from 'vitest'

import { paceOf, runContest } from './contest.ts'
import type { Contest, Sampler, Sides } from './contest.ts'
import { resultOf } from './row.ts'
import { roundsNearOne } from './statistics.ts'

const pace = { rounds: 4, sampleMs: 1 }

function contest(part: Partial<Contest> = {}): Contest {
  const open = (): Promise<Sides> => Promise.reject(new Error('opened by hand'))
  return { name: 'walk', unit: 'events/s', yardstick: 'run', open, ...part }
}

function sides(measured: Sampler, yardstick: Sampler): Sides {
  return { measured, yardstick, async [Symbol.asyncDispose]() {} }
}

/** Notes when it runs; so many operations in each sample of 10 ms. */
function noting(order: string[], name: string, operations: number): Sampler {
  return async () => {
    order.push(name)
    return { operations, ms: 10 }
  }
}

const run = { pace, signal: new AbortController().signal, onRound: (): void => undefined }

test('both sides run in every round and take turns in going first; the first round does not count', async () => {
  const order: string[] = []
  const rounds: number[] = []
  const both = sides(noting(order, 'ours', 5), noting(order, 'theirs', 10))
  const outcome = await runContest(contest(), both, { ...run, onRound: (done) => rounds.push(done) })
  const [there, back] = [
    ['ours', 'theirs'],
    ['theirs', 'ours'],
  ]
  expect(order).toEqual([there, back, there, back, there].flat())
  expect(outcome).toEqual({ measured: [500, 500, 500, 500], yardstick: [1000, 1000, 1000, 1000] })
  expect(rounds).toEqual([1, 2, 3, 4, 5])
})

test('milliseconds are for one piece of work', async () => {
  const outcome = await runContest(contest({ unit: 'ms' }), sides(noting([], '', 5), noting([], '', 1)), run)
  expect(outcome).toEqual({ measured: [2, 2, 2, 2], yardstick: [10, 10, 10, 10] })
})

test('an abort ends it before the next sample', async () => {
  const controller = new AbortController()
  const order: string[] = []
  const stopping: Sampler = async (ms) => {
    controller.abort(new Error('enough'))
    return await noting(order, 'ours', 1)(ms)
  }
  const running = runContest(contest(), sides(stopping, noting(order, 'theirs', 1)), {
    ...run,
    signal: controller.signal,
  })
  await expect(running).rejects.toThrow('enough')
  expect(order).toEqual(['ours'])
})

test('a goal near 1 gets the rounds its verdict needs, every row at least five', () => {
  expect(paceOf(contest({ goal: 0.85 }), false).rounds).toBeGreaterThanOrEqual(roundsNearOne)
  expect(paceOf(contest({ goal: 0.5 }), false).rounds).toBeGreaterThanOrEqual(5)
  expect(paceOf(contest(), false).rounds).toBeGreaterThanOrEqual(5)
})

const outcome = { measured: [90, 100, 110, 80, 100], yardstick: [200, 200, 200, 200, 200] }

test('a row has exactly the fields that are promised', () => {
  expect(resultOf('walks', contest({ goal: 0.4 }), { outcome, quick: false }).row).toEqual({
    suite: 'walks',
    name: 'walk',
    value: 100,
    unit: 'events/s',
    yardstick: 'run',
    ratio: 0.5,
    goal: 0.4,
    holds: true,
  })
})

test('without a goal, and in a quick run, there is no verdict', () => {
  expect(resultOf('walks', contest(), { outcome, quick: false }).row).toMatchObject({
    goal: null,
    holds: null,
  })
  const quick = resultOf('walks', contest({ goal: 0.9 }), { outcome, quick: true })
  expect(quick.row).toMatchObject({ goal: 0.9, holds: null })
})

test('a goal for a time is the most it may be', () => {
  const times = { measured: [44, 40, 46, 42, 44], yardstick: [20, 20, 20, 20, 20] }
  const judged = (goal: number): boolean | null =>
    resultOf('walks', contest({ unit: 'ns', goal }), { outcome: times, quick: false }).row.holds
  expect([judged(2.2), judged(2.1)]).toEqual([true, false])
})
