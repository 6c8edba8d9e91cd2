import { createIdFactory, createStreamId, keyOf, parseCommitId } from '@millrace/contracts'
import type {
  AppendOptions,
  AppendReceipt,
  CommitId,
  CommitOptions,
  CommitReceipt,
  EventStore,
  ForeignId,
  Serializer,
  StoredEvent,
  StreamId,
} from '@millrace/contracts'
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest'

import { Child } from '../../fixtures/child.ts'
import { collect } from '../../fixtures/collect.ts'
import { drivers } from '../../fixtures/databases.ts'
import { freshStream } from '../../fixtures/raw-writer.ts'
import { freshSchema } from '../../fixtures/schemas.ts'
import { openPg } from '../sql/pg-database.ts'
import type { SqlDatabase } from '../sql/sql-database.ts'
import { openPostgresStore } from './open-postgres-store.ts'

const any = { expectedVersion: 'any' } as const
const mint = createIdFactory()
const event = (data: unknown = {}): { type: string; data: unknown } => ({ type: 'happened', data })

const serializer = (contentType: string, serialize: (data: unknown) => string | Uint8Array): Serializer => ({
  contentType,
  serialize,
  deserialize: (payload) => payload,
})

describe.for(drivers)('the store on %s', ([, open]) => {
  const schema = freshSchema('behaviour')
  let database: SqlDatabase
  let store: EventStore

  beforeAll(async () => {
    database = await open()
    store = await openPostgresStore({ database, schema })
  })
  afterAll(async () => {
    await store[Symbol.asyncDispose]()
    await database[Symbol.asyncDispose]()
  })

  async function roundTrip(codec: Serializer, data: unknown): Promise<StoredEvent | undefined> {
    await using other = await openPostgresStore({ database, schema, serializer: codec })
    const stream = freshStream()
    await other.append(stream, [event(data), event(data)], any)
    const [first, second] = await collect(other.read(stream))
    expect(second?.payload).toEqual(first?.payload)
    expect(first === undefined ? undefined : await other.log.readAt(first.position)).toEqual(first)
    return first
  }

  test('schemas of others in the same database are in no way of ours', async () => {
    const foreign = freshSchema('foreign')
    await database.script(`create schema ${foreign}; create table ${foreign}.log_replacement (note text)`)
    try {
      await using again = await openPostgresStore({ database, schema })
      expect(again.log.formerGenerations ?? []).toEqual([])
    } finally {
      await database.script(`drop schema ${foreign} cascade`)
    }
  })

  test('bytes come back as bytes, whatever they hold', async () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i)
    const stored = await roundTrip(
      serializer('application/octet-stream', () => bytes),
      undefined,
    )
    expect(stored).toMatchObject({ contentType: 'application/octet-stream', schemaVersion: 1 })
    expect(stored?.payload).toEqual(bytes)
  })

  test('text that is not JSON comes back as it was, NUL and separators included', async () => {
    const stored = await roundTrip(serializer('text/csv', String), 'a,b\u0000\u001e\u001f\r\n"é"')
    expect(stored).toMatchObject({ contentType: 'text/csv', payload: 'a,b\u0000\u001e\u001f\r\n"é"' })
  })

  test('JSON of another content type is kept byte for byte too', async () => {
    const stored = await roundTrip(serializer('application/vnd.shop+json', String), '{ "b":1,\n "a":1.0 }')
    expect(stored).toMatchObject({
      contentType: 'application/vnd.shop+json',
      payload: '{ "b":1,\n "a":1.0 }',
    })
  })

  test.for(['not json', '{"a":', '"\u0000"'])(
    'a serializer that calls %j JSON is refused, and nothing is written',
    async (text) => {
      await using other = await openPostgresStore({
        database,
        schema,
        serializer: serializer('application/json', () => text),
      })
      const stream = freshStream()
      for (const events of [[event()], [event(), event()]])
        await expect(other.append(stream, events, any)).rejects.toMatchObject({
          code: 'ERR_EVENT_SERIALIZATION',
          eventType: 'happened',
        })
      const write = { streamId: stream, events: [event()], ...any }
      await expect(other.commit([write, { ...write, streamId: freshStream() }])).rejects.toMatchObject({
        code: 'ERR_EVENT_SERIALIZATION',
      })
      expect(await store.exists(stream)).toBe(false)
    },
  )

  describe('a repeat draws no number, so that it leaves no hole in the log', () => {
    const lastNumber = async (): Promise<number | undefined> =>
      (await database.query<{ last_value: number }>(`select last_value from ${schema}.commit_seq`))[0]
        ?.last_value
    const [first, second] = [freshStream(), freshStream()]
    const named = (): { commitId: CommitId } => ({ commitId: parseCommitId(mint()) })
    const foreign = (): { foreignId: ForeignId } => ({ foreignId: { source: 'shop', id: mint() } })

    test.for([
      ['a foreign id', () => append(first, { ...any, ...foreign() })],
      ['a commit id', () => append(first, { ...any, ...named() })],
      ['a commit id and a foreign id', () => append(first, { ...any, ...named(), ...foreign() })],
      ['a commit id of a new stream', () => append(freshStream(), { expectedVersion: 0, ...named() })],
      [
        'a foreign id at a version',
        async () => {
          await append(second, any)()
          return append(second, { expectedVersion: await store.currentVersion(second), ...foreign() })
        },
      ],
      ['a commit id over two streams', () => commit(named())],
      ['a foreign id over two streams', () => commit(foreign())],
    ] as const)('by %s', async ([, begin]) => {
      const send = await begin()
      const original = await send()
      const before = await lastNumber()
      for (let i = 0; i < 100; i++)
        expect(await send()).toMatchObject({ replayed: true, commitId: original.commitId })
      expect(await lastNumber()).toBe(before)
    })

    function append(stream: StreamId, options: AppendOptions): () => Promise<AppendReceipt> {
      return async () => await store.append(stream, [event()], options)
    }

    function commit(options: CommitOptions): () => Promise<CommitReceipt> {
      const writes = [first, second].map((streamId) => ({ streamId, events: [event()], ...any }))
      return async () => await store.commit(writes, options)
    }
  })

  test('events that differ in everything rare are stored by one commit', async () => {
    const stream = freshStream()
    const metadata = { correlationId: 'c', tenant: 't' }
    const occurredAt = new Date(Date.now() + 60_000)
    const events = [
      { ...event(1), tags: ['a:1', 'b:2'], schemaVersion: 3 },
      { ...event(2), metadata },
      { ...event(3), metadata: { causationId: 'x' }, occurredAt },
    ]
    await store.append(stream, events, any)
    const stored = await collect(store.read(stream))
    expect(stored.map(({ tags, schemaVersion }) => [tags, schemaVersion])).toEqual([
      [['a:1', 'b:2'], 3],
      [[], 1],
      [[], 1],
    ])
    expect(stored.map((one) => one.metadata)).toEqual([{}, metadata, { causationId: 'x' }])
    expect(stored[2]?.occurredAt).toEqual(occurredAt)
  })

  test('a stored event turns into a plain one for JSON', async () => {
    const stream = freshStream()
    await store.append(stream, [{ ...event({ n: 1 }), metadata: { tenant: 't' } }], any)
    const [stored] = await collect(store.read(stream))
    const plain: unknown = JSON.parse(JSON.stringify(stored))
    expect(plain).toEqual({
      id: stored?.id,
      streamId: stream,
      type: 'happened',
      schemaVersion: 1,
      version: 1,
      position: stored?.position,
      commitId: stored?.commitId,
      occurredAt: stored?.occurredAt.toISOString(),
      recordedAt: stored?.recordedAt.toISOString(),
      metadata: { tenant: 't' },
      tags: [],
      bucket: stored?.bucket,
      contentType: 'application/json',
      payload: '{"n":1}',
    })
  })

  test('a window over several pages is read whole in both directions, from large events and small', async () => {
    const stream = freshStream()
    const large = 'x'.repeat(300_000)
    await store.append(
      stream,
      Array.from({ length: 1500 }, (_, n) => event(n)),
      any,
    )
    await store.append(stream, [event(large), event(large), event(large)], any)
    const versions = (events: readonly StoredEvent[]): number[] => events.map(({ version }) => version)
    const expected = Array.from({ length: 1503 }, (_, i) => i + 1)
    expect(versions(await collect(store.read(stream, { fromVersion: 1400 })))).toEqual(expected.slice(1399))
    expect(versions(await collect(store.read(stream, { direction: 'backwards', limit: 20 })))).toEqual(
      expected.toReversed().slice(0, 20),
    )
    const after = await store.log.beginning()
    expect(
      versions(await collect(store.readAll({ after, types: ['happened'] }))).length,
    ).toBeGreaterThanOrEqual(1503)
  })

  test('calls of next that do not wait for each other each get their own event', async () => {
    const stream = freshStream()
    await store.append(stream, [event(1), event(2), event(3)], any)
    const reader = store.read(stream)[Symbol.asyncIterator]()
    const results = await Promise.all([reader.next(), reader.next(), reader.next(), reader.next()])
    expect(results.map(({ value }) => (value as StoredEvent | undefined)?.version)).toEqual([
      1,
      2,
      3,
      undefined,
    ])
  })

  test('a bad schema name is refused before anything is created', async () => {
    await expect(openPostgresStore({ database, schema: 'No Schema' })).rejects.toMatchObject({
      code: 'ERR_CONFIGURATION',
      setting: 'schema',
    })
  })

  test('two schemas of one database are two stores', async () => {
    await using other = await openPostgresStore({ database, schema: freshSchema('second') })
    const stream = freshStream()
    await store.append(stream, [event()], any)
    expect(await other.exists(stream)).toBe(false)
    const { position } = await other.append(stream, [event()], { expectedVersion: 'no-stream' })
    expect(position?.generation).not.toBe((await store.log.beginning()).generation)
  })

  test('the lag beyond what is counted is an estimate', async () => {
    await using other = await openPostgresStore({ database, schema: freshSchema('lag') })
    const events = Array.from({ length: 6000 }, () => event())
    for (let i = 0; i < 17; i++) await other.append(freshStream(), events, any)
    const { records, oldest } = await other.log.lag(await other.log.beginning())
    expect(records).toBe(102_000)
    expect(oldest).toBeInstanceOf(Date)
  })
})

describe('on a server', () => {
  const schema = freshSchema('server')
  const url = (): string => inject('servers').postgres

  test.for([
    ['append:before-commit', 1, false],
    ['append:after-commit', 1, true],
    ['append:before-commit', 2, false],
    ['append:after-commit', 2, true],
  ] as const)(
    'killed at %s of a commit over %i streams, all of it is there or nothing, and the repeat completes it',
    async ([failpoint, size, recorded]) => {
      await using database = await openPg({ url: url() })
      await using store = await openPostgresStore({ database, schema })
      const streams = Array.from({ length: size }, () => freshStream())
      const key = streams.map(keyOf).join(',')
      const commitId = mint()
      const child = new Child('append-child.ts', [url(), schema, key, commitId, failpoint])
      expect(await child.ended()).toBe(null)
      const writes = streams.map((streamId) => ({
        streamId,
        events: [{ type: 'appended', data: { key } }],
        expectedVersion: 'no-stream' as const,
      }))
      // A transaction whose client was killed ends a moment later.
      const repeated = await vi.waitFor(
        async () => await store.commit(writes, { commitId: parseCommitId(commitId) }),
        { timeout: 10_000 },
      )
      expect(repeated.replayed).toBe(recorded)
      for (const streamId of streams) expect(await store.currentVersion(streamId)).toBe(1)
    },
  )

  test('another process hears of a commit long before it would have polled', async () => {
    await using opened = await stores(2)
    const [first, second] = opened as unknown as [EventStore, EventStore]
    const head = await second.log.head()
    // The first wait begins to listen; polls are a second apart once nothing has come for a while.
    await second.log.waitForMore(head, { timeoutMs: 1500 })
    const waiting = second.log.waitForMore(head, { timeoutMs: 20_000 })
    await first.append(freshStream(), [event()], any)
    expect(await waiting).toBe(true)
  })

  test('a store that is closed while it listens leaves no connection and no timer', async () => {
    const applicationName = freshSchema('leak')
    {
      await using database = await openPg({ url: url(), applicationName })
      await using store = await openPostgresStore({ database, schema })
      await store.append(freshStream(), [event()], any)
      await store.log.waitForMore(await store.log.head(), { timeoutMs: 10 })
    }
    await using admin = await openPg({ url: url() })
    const left = 'select count(*) as n from pg_stat_activity where application_name = $1'
    await vi.waitFor(async () => expect(await admin.query(left, [applicationName])).toEqual([{ n: 0 }]))
  })

  test('a commit id that a store minted cannot be claimed by other content', async () => {
    await using database = await openPg({ url: url() })
    await using store = await openPostgresStore({ database, schema })
    const { commitId } = await store.append(freshStream(), [event()], any)
    if (commitId === undefined) throw new Error('an append of one event has a commit id')
    await expect(store.append(freshStream(), [event()], { ...any, commitId })).rejects.toMatchObject({
      code: 'ERR_DUPLICATE_EVENT',
      id: commitId,
    })
  })

  test('keys in the order of the server are in the order of their bytes', async () => {
    await using database = await openPg({ url: url() })
    await using store = await openPostgresStore({ database, schema: freshSchema('bytes') })
    for (const key of ['é', 'a', 'Z', 'z', '漢', '🦀'])
      await store.append(createStreamId('k', key), [event()], any)
    expect((await store.listStreams({ category: 'k' })).map(({ id }) => keyOf(id))).toEqual([
      'Z',
      'a',
      'z',
      'é',
      '漢',
      '🦀',
    ])
  })

  async function stores(count: number): Promise<EventStore[] & AsyncDisposable> {
    const stack = new AsyncDisposableStack()
    const opened: EventStore[] = []
    for (let i = 0; i < count; i++)
      opened.push(
        stack.use(await openPostgresStore({ database: stack.use(await openPg({ url: url() })), schema })),
      )
    return Object.assign(opened, { [Symbol.asyncDispose]: async () => await stack.disposeAsync() })
  }
})
