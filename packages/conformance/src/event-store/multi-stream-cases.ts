import type { EventStore, StreamId, StreamWrite } from '@millrace/contracts'

import { holds, refused, same } from '../suite/assertions.ts'
import { batchesAfter, collect, dataOf, recordsAfter } from '../suite/collect.ts'
import { fact, facts, freshCommitId, freshName, freshStream } from '../suite/fixtures.ts'
import type { EventStoreCase } from './event-store-case.ts'

const write = (
  streamId: StreamId,
  count: number,
  expectedVersion: StreamWrite['expectedVersion'] = 'any',
): StreamWrite => ({
  streamId,
  events: facts(count),
  expectedVersion,
})

async function versionsOf(store: EventStore, streams: readonly StreamId[]): Promise<number[]> {
  return await Promise.all(streams.map(async (id) => await store.currentVersion(id)))
}

/** For stores whose commits span streams. */
export const multiStreamCases: readonly EventStoreCase[] = [
  {
    name: 'a commit over three streams is one commit of the log, its receipts in the order of its writes',
    run: async ({ store }) => {
      const [a, b, c] = [freshStream(), freshStream(), freshStream()]
      const head = await store.log.head()
      // In neither the order of the ids nor its reverse.
      const receipt = await store.commit([write(b, 2), write(c, 1), write(a, 3)])
      same(
        receipt.streams.map(({ streamId, version }) => [streamId, version as number]),
        [
          [b, 2],
          [c, 1],
          [a, 3],
        ],
      )
      same(
        receipt.streams.map(({ position }) => position?.index),
        [1, 2, 5],
      )
      same(new Set(receipt.streams.map(({ commitId }) => commitId)), new Set([receipt.commitId]))
      const [batch, ...more] = await batchesAfter(store.log, head, { maxRecords: 1 })
      same([batch?.records.map(({ streamId }) => streamId), more], [[b, b, c, a, a, a], []])
    },
  },
  {
    name: 'one refused stream refuses the whole commit, and the error names that stream and its version',
    run: async ({ store }) => {
      const [a, b, c] = [freshStream(), freshStream(), freshStream()]
      await store.append(b, facts(2), { expectedVersion: 'any' })
      const commit = store.commit([write(a, 1, 'no-stream'), write(b, 1, 'no-stream'), write(c, 1)])
      await refused(commit, {
        code: 'ERR_CONCURRENCY',
        conflict: { streamId: b, expected: 'no-stream', actual: 2 },
      })
      same(await versionsOf(store, [a, b, c]), [0, 2, 0])
    },
  },
  {
    name: 'one invalid event refuses the whole commit',
    run: async ({ store }) => {
      const [a, b] = [freshStream(), freshStream()]
      const invalid = { streamId: b, events: [fact(1, { type: '' })], expectedVersion: 'any' } as const
      await refused(store.commit([write(a, 2), invalid]), { code: 'ERR_INVALID_VALUE', field: 'event.type' })
      same(await versionsOf(store, [a, b]), [0, 0])
    },
  },
  {
    name: 'a stream named twice in one commit is refused',
    run: async ({ store }) => {
      const id = freshStream()
      await refused(store.commit([write(id, 1), write(freshStream(), 1), write(id, 1)]), {
        code: 'ERR_INVALID_VALUE',
      })
      same(await store.exists(id), false)
    },
  },
  {
    name: 'a repeated commit over several streams gives the first result, and other content is refused',
    run: async ({ store }) => {
      const [a, b] = [freshStream(), freshStream()]
      const commitId = freshCommitId()
      const first = await store.commit([write(b, 1, 'no-stream'), write(a, 2, 'no-stream')], { commitId })
      const again = await store.commit([write(b, 1, 'no-stream'), write(a, 2, 'no-stream')], { commitId })
      same(
        again.streams.map((receipt) => ({ ...receipt, replayed: false })),
        first.streams,
      )
      same(
        [again.replayed, again.commitId, again.streams.every(({ replayed }) => replayed)],
        [true, commitId, true],
      )
      await refused(store.commit([write(b, 1), write(a, 3)], { commitId }), { code: 'ERR_DUPLICATE_EVENT' })
      await refused(store.commit([write(b, 1)], { commitId }), { code: 'ERR_DUPLICATE_EVENT' })
      same(await versionsOf(store, [a, b]), [2, 1])
    },
  },
  {
    name: 'a repeated foreign id gives the first commit over several streams',
    run: async ({ store }) => {
      const [a, b] = [freshStream(), freshStream()]
      const foreignId = { source: 'suite', id: freshCommitId() }
      const first = await store.commit([write(a, 1), write(b, 1)], { foreignId })
      const again = await store.commit([write(b, 4)], { foreignId })
      holds(again, { replayed: true, commitId: first.commitId })
      same(
        again.streams.map(({ streamId, version }) => [streamId, version as number]),
        [
          [a, 1],
          [b, 1],
        ],
      )
    },
  },
  {
    name: 'a commit whose writes hold no events writes nothing and returns the current versions',
    run: async ({ store }) => {
      const [a, b] = [freshStream(), freshStream()]
      await store.append(a, facts(2), { expectedVersion: 'any' })
      const head = await store.log.head()
      const receipt = await store.commit([write(a, 0, 2), write(b, 0, 'no-stream')])
      holds(receipt, { commitId: undefined, replayed: false })
      same(
        receipt.streams.map(({ version }) => version as number),
        [2, 0],
      )
      await refused(store.commit([write(a, 1), write(b, 0, 'stream-exists')]), {
        code: 'ERR_STREAM_NOT_FOUND',
      })
      same(await recordsAfter(store.log, head), [])
    },
  },
  {
    name: 'the metadata of a commit reaches the events of all its streams',
    run: async ({ store }) => {
      const correlationId = freshName('c')
      await store.commit([write(freshStream(), 1), write(freshStream(), 1)], { metadata: { correlationId } })
      same((await collect(store.readAll({ correlationId }))).length, 2)
    },
  },
  {
    name: 'commits that name the same streams in opposite orders at once all succeed',
    timeoutMs: 60_000,
    run: async ({ store, lanes }) => {
      const [a, b] = [freshStream(), freshStream()]
      const writers = await lanes()
      const orders = [
        [a, b],
        [b, a],
      ] as const
      const sent = Array.from({ length: 80 }, async (_, n) => {
        const writes = (orders[n % 2] ?? [a, b]).map((id) => ({
          streamId: id,
          events: [fact(n)],
          expectedVersion: 'any' as const,
        }))
        return await writers[(n >> 1) % writers.length]?.commit(writes, {})
      })
      await Promise.all(sent)
      same(await versionsOf(store, [a, b]), [80, 80])
      // Each commit is in both streams at one place: the streams tell the same story.
      const [ofA, ofB] = await Promise.all([a, b].map(async (id) => dataOf(await collect(store.read(id)))))
      same(ofA, ofB)
    },
  },
]

/** For stores whose commits are one stream wide. */
export const singleStreamCases: readonly EventStoreCase[] = [
  {
    name: 'a commit over two streams is refused by a store that has none',
    run: async ({ store }) => {
      const [a, b] = [freshStream(), freshStream()]
      await refused(store.commit([write(a, 1), write(b, 1)]), { code: 'ERR_NOT_SUPPORTED' })
      same(await versionsOf(store, [a, b]), [0, 0])
    },
  },
]

/** For every store. */
export const commitCases: readonly EventStoreCase[] = [
  {
    name: 'a commit of one stream is an append',
    run: async ({ store }) => {
      const id = freshStream()
      const receipt = await store.commit([write(id, 2, 'no-stream')])
      holds(receipt, { replayed: false, streams: [{ streamId: id, version: 2, replayed: false }] })
      same(dataOf(await collect(store.read(id))), [{ n: 0 }, { n: 1 }])
    },
  },
  {
    name: 'the store says of itself what its adapter declares',
    run: async ({ store, declaration }) => {
      await Promise.resolve()
      same({ ...store.capabilities }, { ...declaration.capabilities })
    },
  },
]
