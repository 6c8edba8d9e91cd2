import { tombstoneType } from '@millrace/contracts'

import { holds, refused, same } from '../suite/assertions.ts'
import { collect, dataOf, recordsAfter } from '../suite/collect.ts'
import { fact, facts, freshName, freshStream } from '../suite/fixtures.ts'
import type { EventStoreCase } from './event-store-case.ts'

const close = { expectedVersion: 'any', reason: 'the customer asked for it' } as const

/** Streams that were closed for good. */
export const tombstoneCases: readonly EventStoreCase[] = [
  {
    name: 'a tombstoned stream has no events any more, neither in reads nor in the log',
    run: async ({ store }) => {
      const id = freshStream()
      const correlationId = freshName('c')
      const head = await store.log.head()
      await store.append(id, facts(3), { expectedVersion: 'any', metadata: { correlationId } })
      const [first] = await collect(store.read(id))
      await store.tombstone(id, close)
      same(await collect(store.read(id)), [])
      same(await collect(store.readAll({ correlationId })), [])
      same(
        (await recordsAfter(store.log, head)).map(({ type }) => type),
        [tombstoneType],
      )
      if (first === undefined) throw new Error('the stream had three events')
      same(await store.log.readAt(first.position), undefined)
      same([await store.exists(id), await store.currentVersion(id)], [false, 0])
    },
  },
  {
    name: 'the tombstone stands in the log with the next version and its reason',
    run: async ({ store }) => {
      const id = freshStream()
      const head = await store.log.head()
      await store.append(id, facts(3), { expectedVersion: 'any' })
      const receipt = await store.tombstone(id, { ...close, expectedVersion: 3, metadata: { tenant: 't' } })
      holds(receipt, { streamId: id, version: 4, replayed: false })
      const [record, ...more] = await recordsAfter(store.log, head)
      same(more, [])
      holds(record ?? {}, {
        type: tombstoneType,
        streamId: id,
        version: 4,
        metadata: { tenant: 't' },
        position: receipt.position,
      })
      same(dataOf(record === undefined ? [] : [record]), [{ reason: close.reason }])
    },
  },
  {
    name: 'a tombstoned stream takes no more events, whatever they expect',
    run: async ({ store }) => {
      const id = freshStream()
      await store.append(id, [fact()], { expectedVersion: 'any' })
      await store.tombstone(id, close)
      for (const expectedVersion of ['any', 'no-stream', 'stream-exists', 0, 2] as const)
        await refused(store.append(id, [fact()], { expectedVersion }), {
          code: 'ERR_STREAM_TOMBSTONED',
          streamId: id,
        })
      await refused(store.commit([{ streamId: id, events: [fact()], expectedVersion: 'any' }]), {
        code: 'ERR_STREAM_TOMBSTONED',
      })
      same(await store.exists(id), false)
    },
  },
  {
    name: 'tombstoning twice changes nothing',
    run: async ({ store }) => {
      const id = freshStream()
      await store.append(id, [fact()], { expectedVersion: 'any' })
      const first = await store.tombstone(id, close)
      const head = await store.log.head()
      same(await store.tombstone(id, { ...close, reason: 'again' }), { ...first, replayed: true })
      same(await recordsAfter(store.log, head), [])
    },
  },
  {
    name: 'a tombstone keeps to its expectation',
    run: async ({ store }) => {
      const id = freshStream()
      await refused(store.tombstone(id, close), { code: 'ERR_STREAM_NOT_FOUND', streamId: id })
      await refused(store.tombstone(id, { ...close, expectedVersion: 'stream-exists' }), {
        code: 'ERR_STREAM_NOT_FOUND',
      })
      await store.append(id, facts(2), { expectedVersion: 'any' })
      const wrong = store.tombstone(id, { ...close, expectedVersion: 1 })
      await refused(wrong, { code: 'ERR_CONCURRENCY', conflict: { streamId: id, expected: 1, actual: 2 } })
      same(await store.currentVersion(id), 2)
    },
  },
  {
    name: 'a stream is described with its version, its times and its tombstone',
    run: async ({ store }) => {
      const id = freshStream()
      same(await store.describe(id), undefined)
      await store.append(id, [fact()], { expectedVersion: 'any' })
      await store.append(id, facts(2), { expectedVersion: 'any' })
      const open = await store.describe(id)
      holds(open ?? {}, { id, version: 3, tombstonedAt: undefined })
      same((open?.createdAt.getTime() ?? 1) <= (open?.updatedAt.getTime() ?? 0), true)
      await store.tombstone(id, close)
      const closed = await store.describe(id)
      holds(closed ?? {}, { id, version: 4, createdAt: open?.createdAt })
      same(closed?.tombstonedAt instanceof Date, true)
    },
  },
  {
    name: 'streams are listed by id in pages, the tombstoned ones when asked for',
    run: async ({ store }) => {
      const category = freshName('listed')
      // Upper before lower case, as code units order them.
      const streams = ['B', 'a', 'A', 'é', 'C'].map(
        (key) => `${category}-${key}` as ReturnType<typeof freshStream>,
      )
      for (const id of streams) await store.append(id, [fact()], { expectedVersion: 'any' })
      await store.tombstone(`${category}-B` as ReturnType<typeof freshStream>, close)
      const keys = async (options: object): Promise<string[]> =>
        (await store.listStreams({ category, ...options })).map(({ id }) => id.slice(category.length + 1))
      same(await keys({}), ['A', 'C', 'a', 'é'])
      same(await keys({ includeTombstoned: true }), ['A', 'B', 'C', 'a', 'é'])
      same(await keys({ limit: 2 }), ['A', 'C'])
      same(await keys({ limit: 2, after: `${category}-C` }), ['a', 'é'])
      same(await keys({ after: `${category}-é` }), [])
    },
  },
]
