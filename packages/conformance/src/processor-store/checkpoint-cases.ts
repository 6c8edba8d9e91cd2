import { holds, refused, same } from '../suite/assertions.ts'
import { advance, newLease, newProcessor, place, statusOf, take } from './bench.ts'
import type { EffectFreeStoreCase } from './bench.ts'

/** Checkpoints, with or without effects beside them. */
export const checkpointCases: readonly EffectFreeStoreCase[] = [
  {
    name: 'an advance moves the checkpoint and counts what was handled',
    run: async ({ store }) => {
      const lease = await newLease(store)
      await store.advance(lease, advance({ checkpoint: place(4, 2), records: 5 }))
      await store.advance(lease, advance({ checkpoint: place(4, 3), records: 1 }))
      same(await store.advance(lease, advance({ checkpoint: place(6), records: 2 })), { started: [] })
      holds((await statusOf(store, lease.processor))[0] ?? {}, { checkpoint: place(6), recordsHandled: 8 })
    },
  },
  {
    name: 'an advance that is sent again, or comes late, counts nothing and moves nothing back',
    run: async ({ store }) => {
      const lease = await newLease(store)
      const [first, second] = [
        advance({ checkpoint: place(4), records: 3 }),
        advance({ checkpoint: place(5), records: 4 }),
      ]
      for (const each of [first, first, second, first, second]) await store.advance(lease, each)
      holds((await statusOf(store, lease.processor))[0] ?? {}, { checkpoint: place(5), recordsHandled: 7 })
    },
  },
  {
    name: "another generation's checkpoint is refused and moves nothing",
    run: async ({ store }) => {
      const lease = await newLease(store)
      const foreign = advance({ checkpoint: { ...place(9), generation: 'another' }, records: 3 })
      await refused(store.advance(lease, foreign), { code: 'ERR_LOG_REPLACED' })
      holds((await statusOf(store, lease.processor))[0] ?? {}, { checkpoint: place(0), recordsHandled: 0 })
    },
  },
  {
    name: 'each partition has a checkpoint of its own',
    run: async ({ store }) => {
      const processor = await newProcessor(store, { partitions: 3 })
      const lease = await take(store, processor)
      await store.advance(lease, advance({ checkpoint: place(8) }))
      same(
        (await statusOf(store, processor)).map(({ checkpoint }) => checkpoint),
        [place(8), place(0), place(0)],
      )
    },
  },
  {
    name: 'advances, renewals and errors of one holder at once are all kept',
    run: async ({ store }) => {
      const lease = await newLease(store)
      const commits = Array.from({ length: 20 }, (_, n) => n + 1)
      await Promise.all(
        commits.flatMap((commit) => [
          store.advance(lease, advance({ checkpoint: place(commit), records: 1 })),
          store.renew(lease, 60_000),
          store.reportError(lease, `at ${commit}`),
        ]),
      )
      const [status] = await statusOf(store, lease.processor)
      holds(status ?? {}, { checkpoint: place(20), owner: lease.owner, epoch: lease.epoch })
      same(status?.lastError?.startsWith('at '), true)
    },
  },
]
