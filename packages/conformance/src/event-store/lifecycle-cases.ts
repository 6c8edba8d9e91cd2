import { refusedWithTypedError, same } from '../suite/assertions.ts'
import { collect } from '../suite/collect.ts'
import { fact, freshStream } from '../suite/fixtures.ts'
import { within } from '../suite/wait-until.ts'
import type { EventStoreCase } from './event-store-case.ts'

/** The end of a store. */
export const lifecycleCases: readonly EventStoreCase[] = [
  {
    name: 'a closed store refuses every use with a typed error, and closing it twice is harmless',
    run: async (context) => {
      const { store } = context
      const id = freshStream()
      const head = await store.log.head()
      await store[Symbol.asyncDispose]()
      await within(Promise.resolve(store[Symbol.asyncDispose]()), { what: 'the second close' })
      const uses: readonly (() => Promise<unknown>)[] = [
        async () => await store.append(id, [fact()], { expectedVersion: 'any' }),
        async () => await store.commit([{ streamId: id, events: [fact()], expectedVersion: 'any' }]),
        async () => await collect(store.read(id)),
        async () => await collect(store.readAll({ limit: 1 })),
        async () => await store.currentVersion(id),
        async () => await store.exists(id),
        async () => await store.describe(id),
        async () => await store.listStreams(),
        async () => await store.tombstone(id, { expectedVersion: 'any', reason: 'x' }),
        async () => await store.log.head(),
        async () => await store.log.readBatch(head),
      ]
      for (const use of uses) await within(refusedWithTypedError(use), { what: 'a closed store to refuse' })
      await context.reopen()
      same((await context.store.append(id, [fact()], { expectedVersion: 'any' })).version, 1)
    },
  },
  {
    name: 'closing a store ends the waits on its log',
    run: async (context) => {
      const { log } = context.store
      const wait = log.waitForMore(await log.head(), { timeoutMs: 60_000 })
      await context.reopen()
      await within(Promise.allSettled([wait]), { what: 'the wait to end with its store' })
    },
  },
]
