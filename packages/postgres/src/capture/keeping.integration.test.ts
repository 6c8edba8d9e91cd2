import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { Scene } from '../../fixtures/captured.ts'
import { drivers } from '../../fixtures/databases.ts'
import { openProcessorStore } from '../processor-store/open-processor-store.ts'
import type { SqlDatabase } from '../sql/sql-database.ts'
import { createChangeEraser } from './change-eraser.ts'
import { openChangeLog } from './open-change-log.ts'
import { pruneChanges } from './prune-changes.ts'

const customers = 'create table :s.customers (id text primary key, name text, friend text, extra json);'

describe.for(drivers)('recorded changes on %s', ([, open]) => {
  let database: SqlDatabase

  beforeAll(async () => {
    database = await open()
  })
  afterAll(async () => {
    await database[Symbol.asyncDispose]()
  })

  test('leave the log by age, but never before the slowest checkpoint', async () => {
    await using scene = await Scene.open(database, customers)
    const { schema } = scene
    await scene.capture('customers')
    for (const id of [1, 2, 3, 4]) await scene.run(`insert into :s.customers values (${id})`)
    const [log, store] = [await scene.log(), await openProcessorStore({ database, schema })]
    expect(await pruneChanges(database, { schema, olderThanMs: 3_600_000 })).toEqual({
      changes: 0,
      heldBy: undefined,
    })
    const start = await log.beginning()
    for (const processor of ['fast', 'slow'])
      await store.register({ processor, log: log.name, partitions: 1, start })
    const handled = { ...start, commit: 2 }
    for (const [processor, checkpoint] of [
      ['fast', await log.head()],
      ['slow', handled],
    ] as const) {
      const attempt = await store.acquire({ processor, partition: 0 }, { owner: 'me', ttlMs: 60_000 })
      if (attempt.kind !== 'granted') throw new Error('nobody else is there')
      await store.advance(attempt.lease, {
        checkpoint,
        records: 0,
        writes: [],
        deliveries: [],
        parked: [],
        unparked: [],
      })
    }
    const byAge = { schema, olderThanMs: 0 }
    expect(await pruneChanges(database, { ...byAge, dryRun: true })).toEqual({ changes: 2, heldBy: 'slow' })
    expect(await pruneChanges(database, byAge)).toEqual({ changes: 2, heldBy: 'slow' })
    expect(await scene.story()).toEqual(['inserted 3', 'inserted 4'])
    expect((await log.readBatch(handled)).records).toHaveLength(2)
    expect(await log.beginning()).toEqual(handled)
    await expect(pruneChanges(database, { schema, olderThanMs: -1 })).rejects.toMatchObject({
      code: 'ERR_INVALID_VALUE',
    })
  })

  test('of an erased subject keep their places and lose everything else', async () => {
    await using scene = await Scene.open(database, customers)
    const { schema } = scene
    await scene.capture('customers')
    await scene.run(
      `insert into :s.customers values ('ann"1', 'Ann Plain', null, '{"nul":"\\u0000"}'), ('bob', 'Bob', 'ann"1', null)`,
    )
    await scene.run(
      `update :s.customers set name = 'Ann Other' where id = 'ann"1'; delete from :s.customers where id = 'ann"1'`,
    )
    const log = await scene.log()
    const before = await scene.stored()
    const eraser = createChangeEraser({ database, schema, subjects: { customers: 'id' } })
    await eraser.erase('ann"1')
    await eraser.erase('ann"1')
    await eraser.erase('nobody')
    const after = await scene.stored()
    expect(after.map(({ id }) => id)).toEqual(before.map(({ id }) => id))
    expect(after.map(({ type, streamId }) => `${type} ${streamId}`)).toEqual([
      'customers.redacted customers-~redacted',
      'customers.inserted customers-bob',
      ...Array.from({ length: 2 }, () => 'customers.redacted customers-~redacted'),
    ])
    const position = after[0]?.position ?? (await log.beginning())
    expect(String((await log.readAt(position))?.payload)).toContain('"key":null,"old":null,"new":null')
    const dump = JSON.stringify(await database.query(scene.sql('select c::text as row from :m.changes c')))
    expect([dump.includes('Ann'), dump.includes('Bob')]).toEqual([false, true])
    expect(() => createChangeEraser({ database, subjects: { 'Bad-One': 'id' } })).toThrow(
      'the name of a capture',
    )
  })

  test('are filtered by type and table, and a batch moves past what it leaves out', async () => {
    await using scene = await Scene.open(
      database,
      `${customers} create table :s.orders (id int primary key);`,
    )
    await scene.capture('customers')
    await scene.capture('orders')
    await scene.run(
      `insert into :s.orders values (1), (2); insert into :s.customers values ('a'); delete from :s.orders where id = 1`,
    )
    const log = await scene.log()
    const start = await log.beginning()
    const read = async (filter: object): Promise<readonly string[]> => {
      const { records, end } = await log.readBatch(start, { filter })
      expect(end).toEqual(await log.head())
      return records.map(({ type }) => type)
    }
    expect(await read({ categories: ['customers'] })).toEqual(['customers.inserted'])
    expect(await read({ types: ['orders.inserted', 'customers.deleted'] })).toEqual([
      'orders.inserted',
      'orders.inserted',
    ])
    expect(await read({ categories: ['orders'], types: ['orders.deleted'] })).toEqual(['orders.deleted'])
    expect(await read({ types: [] })).toEqual([])
    const lag = await log.lag(start)
    expect([lag.records, lag.oldest]).toEqual([4, (await scene.stored())[0]?.recordedAt])
    expect(await log.lag(await log.head())).toEqual({ records: 0, oldest: undefined })
    expect(await log.readBatch(await log.head())).toEqual({ records: [], end: await log.head() })
    expect(await log.readAt({ ...start, commit: 1000 })).toBeUndefined()
    const foreign = { ...start, generation: 'another' }
    await expect(log.readBatch(foreign)).rejects.toMatchObject({ code: 'ERR_LOG_REPLACED' })
  })

  test('are waited for until there are some, the time is up, the signal aborts or the log is closed', async () => {
    await using scene = await Scene.open(database, customers)
    await scene.capture('customers')
    const log = await openChangeLog({ database, schema: scene.schema })
    const head = await log.head()
    expect(await log.waitForMore(head, { timeoutMs: 20 })).toBe(false)
    expect(await log.waitForMore(head, { timeoutMs: 60_000, signal: AbortSignal.timeout(20) })).toBe(false)
    const waiting = log.waitForMore(head, { timeoutMs: 60_000 })
    await scene.run(`insert into :s.customers values ('a')`)
    expect(await waiting).toBe(true)
    const atHead = log.waitForMore(await log.head(), { timeoutMs: 60_000 })
    await log[Symbol.asyncDispose]()
    expect(await atHead).toBe(false)
    await expect(log.head()).rejects.toMatchObject({ name: 'AbortError' })
    await expect(openChangeLog({ database, schema: scene.schema, longestPauseMs: 1 })).rejects.toThrow(
      'longestPauseMs',
    )
  })
})
