import type { EventStore } from '@millrace/contracts'

import { laneOn } from '../lanes/lane.ts'
import type { Lane } from '../lanes/lane.ts'
import { same } from '../suite/assertions.ts'
import { collect } from '../suite/collect.ts'
import { fact, facts, freshName, freshStream } from '../suite/fixtures.ts'
import type { EventStoreCase } from './event-store-case.ts'

/** Each lane does the work so often, all at once. */
async function race<T>(
  lanes: readonly Lane[],
  times: number,
  work: (lane: Lane, n: number) => Promise<T>,
): Promise<PromiseSettledResult<T>[]> {
  const runs = Array.from({ length: times }, (_, round) =>
    lanes.map(async (lane, i) => await work(lane, round * lanes.length + i)),
  )
  return await Promise.allSettled(runs.flat())
}

/** The facts of every refusal; throws on a failure that is none. */
function refusals(outcomes: readonly PromiseSettledResult<unknown>[]): object[] {
  const reasons = outcomes
    .filter((outcome) => outcome.status === 'rejected')
    .map(({ reason }) => reason as object)
  return reasons.map((reason) => {
    if ('conflict' in reason) return { ...(reason.conflict as object) }
    throw reason as Error
  })
}

const winners = (outcomes: readonly PromiseSettledResult<unknown>[]): number =>
  outcomes.filter(({ status }) => status === 'fulfilled').length

async function versionsOf(store: EventStore, id: ReturnType<typeof freshStream>): Promise<number[]> {
  return (await collect(store.read(id))).map(({ version }) => version)
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1)

/** Writers that race, over the lanes. */
export const raceCases: readonly EventStoreCase[] = [
  {
    name: 'of twenty racing creates one wins, and each loser is told the true version',
    run: async ({ store, lanes }) => {
      for (let round = 0; round < 5; round++) {
        const id = freshStream()
        const outcomes = await race(
          await lanes(),
          5,
          async (lane) => await lane.append(id, facts(3), { expectedVersion: 'no-stream' }),
        )
        same(winners(outcomes), 1)
        same(
          refusals(outcomes),
          Array.from({ length: 19 }, () => ({ streamId: id, expected: 'no-stream', actual: 3 })),
        )
        same(await versionsOf(store, id), [1, 2, 3])
      }
    },
  },
  {
    name: 'of twenty racing appends at one expected version one wins, and each loser is told the true version',
    run: async ({ store, lanes }) => {
      for (let round = 0; round < 5; round++) {
        const id = freshStream()
        await store.append(id, facts(4), { expectedVersion: 'any' })
        const outcomes = await race(
          await lanes(),
          5,
          async (lane) => await lane.append(id, facts(2), { expectedVersion: 4 }),
        )
        same(winners(outcomes), 1)
        same(
          refusals(outcomes),
          Array.from({ length: 19 }, () => ({ streamId: id, expected: 4, actual: 6 })),
        )
        same(await versionsOf(store, id), upTo(6))
      }
    },
  },
  {
    name: 'a thousand appends that expect nothing never conflict on one stream',
    timeoutMs: 120_000,
    run: async ({ store, lanes }) => {
      const id = freshStream()
      const outcomes = await race(
        await lanes(),
        250,
        async (lane, n) => await lane.append(id, [fact(n)], { expectedVersion: 'any' }),
      )
      same(refusals(outcomes), [])
      same(await versionsOf(store, id), upTo(1000))
      const events = await collect(store.read(id))
      same(new Set(events.map(({ payload }) => payload)).size, 1000)
    },
  },
  {
    name: 'readers of the log see every commit exactly once and in order while the lanes write',
    timeoutMs: 120_000,
    run: async ({ store, lanes }) => {
      const writers = await lanes()
      const types = [freshName('seen')]
      const after = await store.log.head()
      const events = [0, 1, 2].map((n) => fact(n, { type: types[0] ?? '' }))
      const count = 100 * writers.length * events.length
      const here = [1, 7, 500].map(
        async (maxRecords) => await laneOn(store).follow({ after, types, count, maxRecords }),
      )
      const there = writers.map(async (lane) => await lane.follow({ after, types, count, maxRecords: 50 }))
      const outcomes = await race(
        writers,
        100,
        async (lane) => await lane.append(freshStream(), events, { expectedVersion: 'no-stream' }),
      )
      same(winners(outcomes), 100 * writers.length)
      const [truth = [], ...sightings] = await Promise.all([...here, ...there])
      same([truth.length, new Set(truth.map(({ id }) => id)).size], [count, count])
      same(
        truth,
        truth.toSorted((a, b) => a.commit - b.commit || a.index - b.index),
      )
      for (const sighting of sightings) same(sighting, truth)
    },
  },
]
