import { getEventListeners } from 'node:events'

import { followLog } from '@millrace/contracts'
import type { EventStore, LogBatch, Position, StoredEvent } from '@millrace/contracts'

import { refused, refusedWithTypedError, same } from '../suite/assertions.ts'
import { batchesAfter, dataOf, recordsAfter } from '../suite/collect.ts'
import { fact, facts, freshName, freshStream } from '../suite/fixtures.ts'
import { within } from '../suite/wait-until.ts'
import type { EventStoreCase } from './event-store-case.ts'

/** Three commits of 3, 1 and 4 events over two streams; returns where the log stood before. */
async function threeCommits(store: EventStore): Promise<Position> {
  const head = await store.log.head()
  const [a, b] = [freshStream(), freshStream()]
  await store.append(a, facts(3), { expectedVersion: 'any' })
  await store.append(b, [fact(3)], { expectedVersion: 'any' })
  await store.append(a, facts(4), { expectedVersion: 'any' })
  return head
}

const sizes = (batches: readonly LogBatch<StoredEvent>[]): number[] =>
  batches.map(({ records }) => records.length)

const batches: readonly EventStoreCase[] = [
  {
    name: 'a batch of the log never splits a commit',
    run: async ({ store }) => {
      const head = await threeCommits(store)
      same(sizes(await batchesAfter(store.log, head, { maxRecords: 1 })), [3, 1, 4])
      same(sizes(await batchesAfter(store.log, head, { maxRecords: 4 })), [4, 4])
      same(sizes(await batchesAfter(store.log, head, { maxRecords: 5 })), [8])
      same(sizes(await batchesAfter(store.log, head)), [8])
    },
  },
  {
    name: 'the log is read in commit order, each commit in index order, and ends at its head',
    run: async ({ store }) => {
      const head = await threeCommits(store)
      const [batch] = await batchesAfter(store.log, head)
      const places = (batch?.records ?? []).map(({ position: { commit, index } }) => [commit, index] as const)
      same(
        places,
        places.toSorted(([a, i], [b, j]) => a - b || i - j),
      )
      same(
        places.map(([, index]) => index),
        [0, 1, 2, 0, 0, 1, 2, 3],
      )
      same(batch?.end.commit, (await store.log.head()).commit)
      same(new Set(places.map(([commit]) => commit)).size, 3)
    },
  },
  {
    name: 'at the head there is nothing new, and the end is where the reader stands',
    run: async ({ store }) => {
      await threeCommits(store)
      const head = await store.log.head()
      same(await store.log.readBatch(head), { records: [], end: head })
    },
  },
  {
    name: 'a filter narrows by type and category, and the end moves past what it left out',
    run: async ({ store }) => {
      const head = await store.log.head()
      const [category, type] = [freshName('f'), freshName('kept')]
      await store.append(freshStream(category), [fact(1, { type }), fact(2)], { expectedVersion: 'any' })
      await store.append(freshStream(), [fact(3, { type })], { expectedVersion: 'any' })
      const { position } = await store.append(freshStream(), [fact(4)], { expectedVersion: 'any' })
      const read = async (filter: object): Promise<LogBatch<StoredEvent>> =>
        await store.log.readBatch(head, { filter })
      same(dataOf((await read({ types: [type] })).records), [{ n: 1 }, { n: 3 }])
      same(dataOf((await read({ categories: [category] })).records), [{ n: 1 }, { n: 2 }])
      same(dataOf((await read({ categories: [category], types: [type] })).records), [{ n: 1 }])
      const nothing = await read({ types: [freshName('none')] })
      same([nothing.records.length, nothing.end.commit], [0, position?.commit])
    },
  },
  {
    name: 'the log can be read again from its beginning',
    run: async ({ store }) => {
      await threeCommits(store)
      const { records } = await store.log.readBatch(await store.log.beginning(), { maxRecords: 10 })
      const [again] = await batchesAfter(store.log, await store.log.beginning(), { maxRecords: 10 })
      same([records.length >= 1, again?.records], [true, records])
    },
  },
  {
    name: 'there is no record where nothing was written',
    run: async ({ store }) => {
      const head = await store.log.head()
      same(await store.log.readAt({ ...head, commit: head.commit + 1000 }), undefined)
      same(await store.log.readAt({ ...head, index: 99 }), undefined)
    },
  },
  {
    name: 'the lag counts the records after a position and dates the oldest',
    run: async ({ store }) => {
      const head = await threeCommits(store)
      const [first] = await recordsAfter(store.log, head)
      same(await store.log.lag(head), { records: 8, oldest: first?.recordedAt })
      same(await store.log.lag(await store.log.head()), { records: 0, oldest: undefined })
    },
  },
  {
    name: 'a position of another generation is refused, never misread',
    run: async ({ store }) => {
      const { generation, ...place } = await store.log.head()
      const foreign = { ...place, generation: `${generation.slice(1)}0` }
      await refused(store.log.readBatch(foreign), {
        code: 'ERR_LOG_REPLACED',
        expected: foreign.generation,
        actual: generation,
      })
      await refusedWithTypedError(async () => await store.log.lag(foreign))
    },
  },
]

const waiting: readonly EventStoreCase[] = [
  {
    name: 'a wait resolves at once where there is more',
    run: async ({ store }) => {
      const head = await threeCommits(store)
      same(await within(store.log.waitForMore(head, { timeoutMs: 60_000 }), { what: 'the wait' }), true)
    },
  },
  {
    name: 'a wait wakes when a lane appends',
    run: async ({ store, lanes }) => {
      const [lane] = await lanes()
      const head = await store.log.head()
      const woken = store.log.waitForMore(head, { timeoutMs: 60_000 })
      await lane?.append(freshStream(), [fact()], { expectedVersion: 'any' })
      same(await within(woken, { what: 'the wait to wake' }), true)
    },
  },
  {
    name: 'a wait at the head ends after its time',
    run: async ({ store }) => {
      const wait = store.log.waitForMore(await store.log.head(), { timeoutMs: 50 })
      await within(wait, { what: 'the wait to time out' })
    },
  },
  {
    name: 'a wait ends when it is aborted, and holds on to nothing',
    run: async ({ store }) => {
      const controller = new AbortController()
      const { signal } = controller
      const wait = store.log.waitForMore(await store.log.head(), { timeoutMs: 60_000, signal })
      controller.abort()
      await within(Promise.allSettled([wait]), { what: 'the aborted wait' })
      same(getEventListeners(signal, 'abort').length, 0)
    },
  },
]

/** Reads batches until it has so many records. */
async function take(batchesOf: AsyncIterable<LogBatch<StoredEvent>>, count: number): Promise<StoredEvent[]> {
  const records: StoredEvent[] = []
  for await (const batch of batchesOf) {
    records.push(...batch.records)
    if (records.length >= count) return records
  }
  return records
}

const following: readonly EventStoreCase[] = [
  {
    name: 'a live subscription sees what the lanes append, in order, and nothing from before',
    run: async ({ store, lanes }) => {
      const id = freshStream()
      const types = [freshName('live')]
      const writers = await lanes()
      const event = (n: number): ReturnType<typeof fact> => fact(n, { type: types[0] ?? '' })
      await store.append(id, [event(-1)], { expectedVersion: 'any' })
      const after = await store.log.head()
      const seen = take(followLog(store.log, { after, filter: { types } }), 20)
      for (let n = 0; n < 20; n++)
        await writers[n % writers.length]?.append(id, [event(n)], { expectedVersion: n + 1 })
      const records = await within(seen, { what: 'the subscription to see 20 events' })
      same(
        dataOf(records),
        Array.from({ length: 20 }, (_, n) => ({ n })),
      )
    },
  },
  {
    name: 'a live subscription ends when it is aborted, and holds on to nothing',
    run: async ({ store }) => {
      const controller = new AbortController()
      const { signal } = controller
      const ended = take(followLog(store.log, { signal }), Infinity)
      await store.append(freshStream(), [fact()], { expectedVersion: 'any' })
      controller.abort()
      await within(ended, { what: 'the aborted subscription to end' })
      same(getEventListeners(signal, 'abort').length, 0)
    },
  },
  {
    name: 'a slow subscriber gets no more than it asked for at a time, and misses nothing',
    run: async ({ store }) => {
      const after = await store.log.head()
      for (let n = 0; n < 30; n++) await store.append(freshStream(), facts(2), { expectedVersion: 'any' })
      const counts: number[] = []
      for await (const { records } of followLog(store.log, { after, maxRecords: 4 })) {
        counts.push(records.length)
        // Written while the subscriber holds a batch: it waits in the log, not in memory.
        if (counts.length === 1) await store.append(freshStream(), facts(2), { expectedVersion: 'any' })
        if (counts.reduce((sum, count) => sum + count, 0) === 62) break
      }
      same([Math.max(...counts) <= 4, counts.length >= 16], [true, true])
    },
  },
]

/** The whole log of a store. */
export const logCases: readonly EventStoreCase[] = [...batches, ...waiting, ...following]
