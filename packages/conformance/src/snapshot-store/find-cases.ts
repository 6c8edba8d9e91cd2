import { createStreamId } from '@millrace/contracts'

import { refused, same } from '../suite/assertions.ts'
import { freshName, freshStream } from '../suite/fixtures.ts'
import { keyOf, saveAt, snapshotOf, timeOf, versionsOf } from './bench.ts'
import type { SnapshotStoreCase } from './bench.ts'

/** Which snapshot is found, and which go. */
export const findCases: readonly SnapshotStoreCase[] = [
  {
    name: 'a stream without snapshots has none, and nothing to remove',
    run: async ({ store }) => {
      const streamId = freshStream()
      same(await store.latest(streamId, { name: 'state' }), undefined)
      same(await store.list(streamId), [])
      same(await store.remove(streamId, keyOf(1)), false)
      same(await store.prune(streamId, { name: 'state', keep: 0 }), 0)
    },
  },
  {
    name: 'the latest is the one of the highest version, in whatever order they were saved',
    run: async ({ store }) => {
      const streamId = freshStream()
      await saveAt(store, streamId, [9, 100, 20])
      same((await store.latest(streamId, { name: 'state' }))?.version, 100)
      same(await versionsOf(store, streamId), [100, 20, 9])
    },
  },
  {
    name: 'bounds by version are inclusive',
    run: async ({ store }) => {
      const streamId = freshStream()
      await saveAt(store, streamId, [10, 20, 30])
      const found = await Promise.all(
        [0, 9, 10, 19, 20, 1000].map(
          async (atOrBelow) => (await store.latest(streamId, { name: 'state', atOrBelow }))?.version,
        ),
      )
      same(found, [undefined, undefined, 10, 10, 20, 30])
    },
  },
  {
    name: 'bounds by time are inclusive, to the millisecond',
    run: async ({ store }) => {
      const streamId = freshStream()
      await saveAt(store, streamId, [10, 20, 30])
      const ms = timeOf(20).getTime()
      const occurred = async (time: number): Promise<number | undefined> =>
        (await store.latest(streamId, { name: 'state', occurredUntil: new Date(time) }))?.version
      const recorded = async (time: number): Promise<number | undefined> =>
        (await store.latest(streamId, { name: 'state', recordedUntil: new Date(time) }))?.version
      same([await occurred(ms - 1), await occurred(ms), await occurred(ms + 1)], [10, 20, 20])
      same([await recorded(ms + 999), await recorded(ms + 1000)], [10, 20])
      same(await occurred(0), undefined)
      const both = { name: 'state', atOrBelow: 25, occurredUntil: timeOf(40), schemaVersion: 1 }
      same((await store.latest(streamId, both))?.version, 20)
      same(await store.latest(streamId, { ...both, schemaVersion: 2 }), undefined)
    },
  },
  {
    name: 'a list of a name that is none is refused',
    run: async ({ store }) => {
      for (const name of ['', '../other', 'State'])
        await refused(async () => await store.list(freshStream(), { name }), {
          code: 'ERR_INVALID_VALUE',
          field: 'options.name',
        })
    },
  },
  {
    name: 'of one version the higher schema version is found first',
    run: async ({ store }) => {
      const streamId = freshStream()
      for (const schemaVersion of [2, 11, 1]) await store.save(snapshotOf(streamId, 4, { schemaVersion }))
      await store.save(snapshotOf(streamId, 3, { schemaVersion: 12 }))
      same((await store.latest(streamId, { name: 'state' }))?.schemaVersion, 11)
      same(
        (await store.list(streamId)).map(({ version, schemaVersion }) => [version, schemaVersion]),
        [
          [4, 11],
          [4, 2],
          [4, 1],
          [3, 12],
        ],
      )
    },
  },
  {
    name: 'one snapshot is removed and no other, once',
    run: async ({ store }) => {
      const streamId = freshStream()
      await saveAt(store, streamId, [1, 2, 3])
      await store.save(snapshotOf(streamId, 2, { schemaVersion: 2 }))
      same(await store.remove(streamId, keyOf(2)), true)
      same(await store.remove(streamId, keyOf(2)), false)
      same(await versionsOf(store, streamId), [3, 2, 1])
      same((await store.latest(streamId, { name: 'state', atOrBelow: 2 }))?.schemaVersion, 2)
    },
  },
  {
    name: 'pruning keeps the best of a name, and says how many went',
    run: async ({ store }) => {
      const streamId = freshStream()
      await saveAt(store, streamId, [1, 2, 3, 4, 5])
      await store.save(snapshotOf(streamId, 1, { name: 'another' }))
      same(await store.prune(streamId, { name: 'state', keep: 9 }), 0)
      same(await store.prune(streamId, { name: 'state', keep: 2 }), 3)
      same(await versionsOf(store, streamId), [5, 4, 1])
      same(await store.prune(streamId, { name: 'state', keep: 0 }), 2)
      same(
        (await store.list(streamId)).map(({ name }) => name),
        ['another'],
      )
      same(await store.latest(streamId, { name: 'state' }), undefined)
    },
  },
  {
    name: 'streams that have snapshots are listed by id, in pages',
    run: async ({ store }) => {
      const category = freshName('listed')
      const ids = ['b', 'B', 'a', 'ab', 'é'].map((key) => createStreamId(category, key))
      for (const id of ids) await saveAt(store, id, [1, 2])
      const sorted = ids.toSorted()
      same(await store.streams({ category }), sorted)
      const first = await store.streams({ category, limit: 2 })
      same(first, sorted.slice(0, 2))
      same(await store.streams({ category, limit: 9, after: first.at(-1) ?? '' }), sorted.slice(2))
    },
  },
  {
    name: 'a snapshot that was damaged is refused as such, listed, and can be removed or replaced',
    run: async ({ store, damage }) => {
      if (damage === undefined) return
      const streamId = freshStream()
      await saveAt(store, streamId, [1, 2])
      await damage(streamId, keyOf(2))
      await refused(async () => store.latest(streamId, { name: 'state' }), {
        code: 'ERR_INVALID_SNAPSHOT',
        fault: 'corrupt',
        streamId,
        snapshot: 'state',
        version: 2,
      })
      same((await store.latest(streamId, { name: 'state', atOrBelow: 1 }))?.version, 1)
      same(await versionsOf(store, streamId), [2, 1])
      await store.save(snapshotOf(streamId, 2))
      same((await store.latest(streamId, { name: 'state' }))?.version, 2)
      await damage(streamId, keyOf(2))
      same(await store.remove(streamId, keyOf(2)), true)
      same((await store.latest(streamId, { name: 'state' }))?.version, 1)
    },
  },
]
