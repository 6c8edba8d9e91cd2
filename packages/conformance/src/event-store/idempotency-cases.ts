import type { NewEvent } from '@millrace/contracts'

import { holds, refused, same } from '../suite/assertions.ts'
import { collect, recordsAfter } from '../suite/collect.ts'
import { fact, facts, freshCommitId, freshEventId, freshStream } from '../suite/fixtures.ts'
import type { EventStoreCase } from './event-store-case.ts'

const otherContent = (what: string, change: (event: NewEvent) => readonly NewEvent[]): EventStoreCase => ({
  name: `a known commit id is refused for ${what}`,
  run: async ({ store }) => {
    const id = freshStream()
    const commitId = freshCommitId()
    const event = fact(1, { id: freshEventId(), metadata: { tenant: 'a' } })
    await store.append(id, [event], { expectedVersion: 'any', commitId })
    const again = store.append(id, change(event), { expectedVersion: 'any', commitId })
    await refused(again, { code: 'ERR_DUPLICATE_EVENT', id: commitId, retryable: false })
    same(await store.currentVersion(id), 1)
  },
})

/** The commit is the unit of idempotency. */
export const idempotencyCases: readonly EventStoreCase[] = [
  {
    name: 'the same commit id and content again gives the first result and writes nothing',
    run: async ({ store }) => {
      const id = freshStream()
      const options = { expectedVersion: 'any', commitId: freshCommitId() } as const
      const first = await store.append(id, facts(3), options)
      const head = await store.log.head()
      same(await store.append(id, facts(3), options), { ...first, replayed: true })
      same(first.replayed, false)
      same(await recordsAfter(store.log, head), [])
    },
  },
  {
    name: 'a repeated commit gives the first result although its expectation no longer holds',
    run: async ({ store }) => {
      const id = freshStream()
      const options = { expectedVersion: 'no-stream', commitId: freshCommitId() } as const
      const first = await store.append(id, facts(2), options)
      await store.append(id, facts(5), { expectedVersion: 2 })
      same(await store.append(id, facts(2), options), { ...first, replayed: true })
      same(await store.currentVersion(id), 7)
    },
  },
  {
    name: "without a commit id the first event's id is the commit's",
    run: async ({ store }) => {
      const id = freshStream()
      const events = [fact(1, { id: freshEventId() }), fact(2, { id: freshEventId() })]
      const first = await store.append(id, events, { expectedVersion: 'any' })
      same(first.commitId, events[0]?.id)
      same(await store.append(id, events, { expectedVersion: 'any' }), { ...first, replayed: true })
      same(await store.currentVersion(id), 2)
    },
  },
  {
    name: "where the store mints the ids, the first event's is the commit's too",
    run: async ({ store }) => {
      const id = freshStream()
      const { commitId } = await store.append(id, facts(2), { expectedVersion: 'any' })
      const [first, second] = await collect(store.read(id))
      same([first?.id, first?.commitId, second?.commitId], [commitId, commitId, commitId])
      same(second?.id === commitId, false)
    },
  },
  {
    name: 'appends without any id are never taken for repeats',
    run: async ({ store }) => {
      const id = freshStream()
      for (let i = 0; i < 3; i++) await store.append(id, [fact()], { expectedVersion: 'any' })
      same(await store.currentVersion(id), 3)
    },
  },
  otherContent('other data', (event) => [{ ...event, data: { n: 2 } }]),
  otherContent('another type', (event) => [{ ...event, type: 'other-fact-recorded' }]),
  otherContent('other metadata', (event) => [{ ...event, metadata: { tenant: 'b' } }]),
  otherContent('another schema version', (event) => [{ ...event, schemaVersion: 2 }]),
  otherContent('other tags', (event) => [{ ...event, tags: ['x'] }]),
  otherContent('more events', (event) => [event, fact(2)]),
  {
    name: 'a known commit id is refused for another stream',
    run: async ({ store }) => {
      const [one, other] = [freshStream(), freshStream()]
      const options = { expectedVersion: 'any', commitId: freshCommitId() } as const
      await store.append(one, [fact()], options)
      await refused(store.append(other, [fact()], options), {
        code: 'ERR_DUPLICATE_EVENT',
        id: options.commitId,
      })
      same(await store.exists(other), false)
    },
  },
  {
    name: 'an event id twice in one commit is refused',
    run: async ({ store }) => {
      const id = freshStream()
      const twice = freshEventId()
      const events = [fact(1, { id: twice }), fact(2), fact(3, { id: twice })]
      await refused(store.append(id, events, { expectedVersion: 'any' }), {
        code: 'ERR_DUPLICATE_EVENT',
        id: twice,
      })
      same(await store.exists(id), false)
    },
  },
  {
    name: 'an event id may be used again in another commit',
    run: async ({ store }) => {
      const id = freshStream()
      const event = fact(1, { id: freshEventId() })
      await store.append(id, [event], { expectedVersion: 'any', commitId: freshCommitId() })
      holds(await store.append(id, [event], { expectedVersion: 'any', commitId: freshCommitId() }), {
        version: 2,
        replayed: false,
      })
    },
  },
  {
    name: 'a refused commit does not use its id up',
    run: async ({ store }) => {
      const id = freshStream()
      const commitId = freshCommitId()
      await refused(store.append(id, [fact()], { expectedVersion: 5, commitId }), { code: 'ERR_CONCURRENCY' })
      holds(await store.append(id, [fact()], { expectedVersion: 'any', commitId }), {
        version: 1,
        replayed: false,
        commitId,
      })
    },
  },
  {
    name: 'one commit sent by all lanes at once is stored once, and each gets its result',
    run: async ({ store, lanes }) => {
      const id = freshStream()
      const options = { expectedVersion: 'no-stream', commitId: freshCommitId() } as const
      const writers = await lanes()
      const sent = [...writers, ...writers].map(async (lane) => await lane.append(id, facts(2), options))
      const receipts = await Promise.all(sent)
      same(receipts.filter(({ replayed }) => !replayed).length, 1)
      for (const receipt of receipts)
        holds(receipt, { version: 2, commitId: options.commitId, position: receipts[0]?.position })
      same(await store.currentVersion(id), 2)
    },
  },
  {
    name: 'a foreign id that repeats gives the first result, whatever the content',
    run: async ({ store }) => {
      const id = freshStream()
      const foreignId = { source: 'suite', id: freshCommitId() }
      const first = await store.append(id, facts(2), { expectedVersion: 'any', foreignId })
      same(await store.append(id, facts(2), { expectedVersion: 'any', foreignId }), {
        ...first,
        replayed: true,
      })
      same(await store.append(id, [fact(9)], { expectedVersion: 'no-stream', foreignId }), {
        ...first,
        replayed: true,
      })
      const elsewhere = await store.append(freshStream(), [fact(9)], { expectedVersion: 'any', foreignId })
      same(elsewhere, { ...first, replayed: true })
      same(await store.currentVersion(id), 2)
    },
  },
  {
    name: 'a foreign id counts within its source only',
    run: async ({ store }) => {
      const id = freshStream()
      const foreign = freshCommitId()
      for (const source of ['one', 'two', 'One'])
        await store.append(id, [fact()], { expectedVersion: 'any', foreignId: { source, id: foreign } })
      same(await store.currentVersion(id), 3)
    },
  },
  {
    name: 'a foreign id sent by all lanes at once with different events is stored once',
    run: async ({ store, lanes }) => {
      const id = freshStream()
      const foreignId = { source: 'race', id: freshCommitId() }
      const writers = await lanes()
      const sent = [...writers, ...writers].map(
        async (lane, n) => await lane.append(id, [fact(n)], { expectedVersion: 'any', foreignId }),
      )
      const receipts = await Promise.all(sent)
      same(receipts.filter(({ replayed }) => !replayed).length, 1)
      same(new Set(receipts.map(({ commitId }) => commitId)).size, 1)
      same((await collect(store.read(id))).length, 1)
    },
  },
  {
    name: 'a refused append does not use its foreign id up',
    run: async ({ store }) => {
      const id = freshStream()
      const foreignId = { source: 'suite', id: freshCommitId() }
      await refused(store.append(id, [fact()], { expectedVersion: 5, foreignId }), {
        code: 'ERR_CONCURRENCY',
      })
      holds(await store.append(id, [fact()], { expectedVersion: 'any', foreignId }), {
        version: 1,
        replayed: false,
      })
    },
  },
]

/** For stores that keep what they hold. */
export const durabilityCases: readonly EventStoreCase[] = [
  {
    name: 'what was appended is there after the store was reopened, and its commit and foreign ids are known',
    run: async (context) => {
      const id = freshStream()
      const foreignId = { source: 'suite', id: freshCommitId() }
      const options = { expectedVersion: 'no-stream', commitId: freshCommitId() } as const
      const first = await context.store.append(id, facts(3), options)
      const foreign = await context.store.append(id, [fact(4)], { expectedVersion: 'any', foreignId })
      const before = await collect(context.store.read(id))
      const store = await context.reopen()
      same(await collect(store.read(id)), before)
      same(await store.append(id, facts(3), options), { ...first, replayed: true })
      same(await store.append(id, [fact(5)], { expectedVersion: 'any', foreignId }), {
        ...foreign,
        replayed: true,
      })
      await refused(store.append(id, [fact(6)], options), { code: 'ERR_DUPLICATE_EVENT' })
      same(await store.currentVersion(id), 4)
    },
  },
  {
    name: 'a position from before the store was reopened still leads to what came after it',
    run: async (context) => {
      const id = freshStream()
      const { position } = await context.store.append(id, [fact(1)], { expectedVersion: 'any' })
      await context.store.append(id, [fact(2)], { expectedVersion: 'any' })
      const store = await context.reopen()
      if (position === undefined) throw new Error('an append of one event has a position')
      const records = (await recordsAfter(store.log, position)).filter(({ streamId }) => streamId === id)
      same(
        records.map(({ version }) => version as number),
        [2],
      )
    },
  },
]
