import { rejects } from 'node:assert'

import type { ExpectedVersion } from '@millrace/contracts'

import { holds, refused, same } from '../suite/assertions.ts'
import { collect, dataOf, recordsAfter } from '../suite/collect.ts'
import { fact, facts, freshEventId, freshStream } from '../suite/fixtures.ts'
import type { EventStoreCase } from './event-store-case.ts'

const missing = (expectedVersion: ExpectedVersion): EventStoreCase => ({
  name: `a missing stream takes an append that expects ${JSON.stringify(expectedVersion)}`,
  run: async ({ store }) => {
    const id = freshStream()
    const receipt = await store.append(id, facts(2), { expectedVersion })
    holds(receipt, { streamId: id, version: 2, replayed: false })
    same(dataOf(await collect(store.read(id))), [{ n: 0 }, { n: 1 }])
  },
})

const present = (expectedVersion: ExpectedVersion): EventStoreCase => ({
  name: `a stream at version 3 takes an append that expects ${JSON.stringify(expectedVersion)}`,
  run: async ({ store }) => {
    const id = freshStream()
    await store.append(id, facts(3), { expectedVersion: 'no-stream' })
    holds(await store.append(id, [fact()], { expectedVersion }), { version: 4 })
  },
})

const conflicting = (expectedVersion: ExpectedVersion): EventStoreCase => ({
  name: `a stream at version 3 refuses an append that expects ${JSON.stringify(expectedVersion)} and names its version`,
  run: async ({ store }) => {
    const id = freshStream()
    await store.append(id, facts(3), { expectedVersion: 'any' })
    const expected = expectedVersion === 0 ? 'no-stream' : expectedVersion
    await refused(store.append(id, [fact()], { expectedVersion }), {
      code: 'ERR_CONCURRENCY',
      retryable: true,
      conflict: { streamId: id, expected, actual: 3 },
    })
    same(await store.currentVersion(id), 3)
  },
})

/** Append modes, expectations, batches. */
export const appendCases: readonly EventStoreCase[] = [
  missing('any'),
  missing('no-stream'),
  missing(0),
  present('any'),
  present('stream-exists'),
  present(3),
  conflicting('no-stream'),
  conflicting(0),
  conflicting(2),
  conflicting(4),
  {
    name: 'a missing stream refuses an append that expects a version, and its true version is 0',
    run: async ({ store }) => {
      const id = freshStream()
      await refused(store.append(id, [fact()], { expectedVersion: 1 }), {
        code: 'ERR_CONCURRENCY',
        conflict: { streamId: id, expected: 1, actual: 0 },
      })
      same(await store.exists(id), false)
    },
  },
  {
    name: 'an append that expects an existing stream is told when there is none',
    run: async ({ store }) => {
      const id = freshStream()
      const append = store.append(id, [fact()], { expectedVersion: 'stream-exists' })
      await refused(append, { code: 'ERR_STREAM_NOT_FOUND', streamId: id })
      same(await store.describe(id), undefined)
    },
  },
  {
    name: 'an append without events writes nothing and returns the current version',
    run: async ({ store }) => {
      const id = freshStream()
      const nothing = { streamId: id, position: undefined, commitId: undefined, replayed: false }
      holds(await store.append(id, [], { expectedVersion: 'no-stream' }), { ...nothing, version: 0 })
      same(await store.exists(id), false)
      await store.append(id, facts(2), { expectedVersion: 'any' })
      const head = await store.log.head()
      for (const expectedVersion of ['any', 'stream-exists', 2] as const)
        holds(await store.append(id, [], { expectedVersion }), { ...nothing, version: 2 })
      same(await recordsAfter(store.log, head), [])
    },
  },
  {
    name: 'an append without events still checks its expectation',
    run: async ({ store }) => {
      const id = freshStream()
      await refused(store.append(id, [], { expectedVersion: 'stream-exists' }), {
        code: 'ERR_STREAM_NOT_FOUND',
      })
      await refused(store.append(id, [], { expectedVersion: 2 }), {
        code: 'ERR_CONCURRENCY',
        conflict: { actual: 0 },
      })
      await store.append(id, [fact()], { expectedVersion: 'any' })
      await refused(store.append(id, [], { expectedVersion: 'no-stream' }), {
        code: 'ERR_CONCURRENCY',
        conflict: { actual: 1 },
      })
    },
  },
  {
    name: 'versions count from 1 without a gap over single appends and batches',
    run: async ({ store }) => {
      const id = freshStream()
      for (const size of [1, 3, 100, 1]) await store.append(id, facts(size), { expectedVersion: 'any' })
      const versions = (await collect(store.read(id))).map(({ version }) => version as number)
      same(
        versions,
        Array.from({ length: 105 }, (_, i) => i + 1),
      )
      same(await store.currentVersion(id), 105)
    },
  },
  {
    name: 'one invalid event among a hundred refuses the whole append',
    run: async ({ store }) => {
      const id = freshStream()
      const head = await store.log.head()
      const events = facts(100).with(57, fact(57, { type: 'not a type' }))
      await refused(store.append(id, events, { expectedVersion: 'any' }), {
        code: 'ERR_INVALID_VALUE',
        field: 'event.type',
      })
      const unserializable = facts(100).with(99, fact(99, { data: () => 1 }))
      await refused(store.append(id, unserializable, { expectedVersion: 'any' }), {
        code: 'ERR_EVENT_SERIALIZATION',
      })
      same(await store.currentVersion(id), 0)
      same(await recordsAfter(store.log, head), [])
    },
  },
  {
    name: 'a receipt points at the last event of its commit, and the log has the event there',
    run: async ({ store }) => {
      const id = freshStream()
      const { position, commitId } = await store.append(id, facts(3), { expectedVersion: 'any' })
      if (position === undefined) throw new Error('an append of three events has a position')
      same(position.index, 2)
      const found = await store.log.readAt(position)
      holds(found ?? {}, { streamId: id, version: 3, commitId, position })
    },
  },
  {
    name: 'every event of a commit carries the commit, its index, its bucket and the defaults',
    run: async ({ store }) => {
      const id = freshStream()
      const before = Date.now() - 60_000
      const { commitId } = await store.append(id, facts(2), { expectedVersion: 'any' })
      const events = await collect(store.read(id))
      for (const [index, event] of events.entries()) {
        holds(event, {
          streamId: id,
          commitId,
          schemaVersion: 1,
          contentType: 'application/json',
          metadata: {},
          tags: [],
        })
        same([event.position.index, event.encryption, event.previousHash], [index, undefined, undefined])
        same(event.recordedAt.getTime() > before, true)
      }
      same(new Set(events.map(({ id: eventId }) => eventId)).size, 2)
      same(new Set(events.map(({ bucket }) => bucket)).size, 1)
    },
  },
  {
    name: 'what the caller gives of an event is what is stored',
    run: async ({ store }) => {
      const id = freshStream()
      const given = {
        id: freshEventId(),
        schemaVersion: 7,
        occurredAt: new Date('2024-02-29T12:34:56.789Z'),
        tags: ['customer:1', 'order:2'],
        metadata: {
          correlationId: 'c-1',
          actor: { kind: 'user', id: 'u-1' },
          custom: { a: [1, null, { b: '\u0000' }] },
        },
      } as const
      await store.append(id, [fact(1, given)], { expectedVersion: 'any' })
      const [event] = await collect(store.read(id))
      const { schemaVersion, occurredAt, tags, metadata } = event ?? {}
      same({ id: event?.id, schemaVersion, occurredAt, tags, metadata }, given)
    },
  },
  {
    name: "the append's metadata fills what an event's own leaves out",
    run: async ({ store }) => {
      const id = freshStream()
      const events = [fact(0, { metadata: { tenant: 'own' } }), fact(1)]
      await store.append(id, events, {
        expectedVersion: 'any',
        metadata: { tenant: 'all', correlationId: 'c-9' },
      })
      const metadata = (await collect(store.read(id))).map((event) => event.metadata)
      same(metadata, [
        { tenant: 'own', correlationId: 'c-9' },
        { tenant: 'all', correlationId: 'c-9' },
      ])
    },
  },
  {
    name: 'what is done to a metadata object after its append does not reach the store',
    run: async ({ store }) => {
      const id = freshStream()
      const custom = { state: 'as appended' }
      await store.append(id, [fact(0, { metadata: { custom } })], { expectedVersion: 'any' })
      custom.state = 'changed later'
      const [event] = await collect(store.read(id))
      same(event?.metadata, { custom: { state: 'as appended' } })
    },
  },
  {
    name: 'a condition is refused until stores know conditions',
    run: async ({ store }) => {
      const id = freshStream()
      const condition = { kind: 'no-event-matches', tags: ['a'], after: await store.log.beginning() } as const
      const append = store.append(id, [fact()], { expectedVersion: 'any', condition })
      await refused(append, { code: 'ERR_NOT_SUPPORTED' })
      await rejects(store.commit([{ streamId: id, events: [fact()], expectedVersion: 'any' }], { condition }))
      same(await store.exists(id), false)
    },
  },
]
