import { expect, inject, onTestFinished, test } from 'vitest'

import { delivery, granted, registered, result, to } from '../../fixtures/ledger.ts'
import { freshSchema } from '../../fixtures/schemas.ts'
import { openPg } from '../sql/pg-database.ts'
import { parseSchemaName } from '../sql/schema-name.ts'
import type { SqlDatabase } from '../sql/sql-database.ts'
import { HistoryUpkeep } from './history-upkeep.ts'
import { createLedger } from './ledger.ts'
import { openProcessorStore } from './open-processor-store.ts'

async function opened() {
  const database = await openPg({ url: inject('servers').postgres, poolSize: 3 })
  onTestFinished(async () => await database[Symbol.asyncDispose]())
  const schema = freshSchema('history')
  return { database, schema, store: await openProcessorStore({ database, schema }) }
}

const dayName = (days: number): string =>
  `delivery_history_${new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10).replaceAll('-', '')}`

async function partitions(database: SqlDatabase, schema: string): Promise<readonly string[]> {
  const rows = await database.query<{ name: string }>(
    `select relname::text as name from pg_inherits join pg_class on oid = inhrelid where inhparent = $1::regclass order by 1`,
    [`${schema}.delivery_history`],
  )
  return rows.map(({ name }) => name)
}

async function maintain(database: SqlDatabase, schema: string, keepDays = 30): Promise<number> {
  const [row] = await database.query<{ ms: number }>(`select ${schema}.maintain_delivery_history($1) as ms`, [
    keepDays,
  ])
  return row?.ms ?? 0
}

test('opening makes the partitions of today and tomorrow, and ended deliveries lie in today’s', async () => {
  const { database, schema, store } = await opened()
  const known = await partitions(database, schema)
  expect(known).toEqual(expect.arrayContaining(['delivery_history_default', dayName(0), dayName(1)]))
  const lease = await granted(store, await registered(store, 'ending'))
  await store.advance(lease, to(1, { deliveries: [delivery('ending', 1)] }))
  await store.settle(lease, {
    finished: [result(delivery('ending', 1).id, { kind: 'delivered' })],
    starting: [],
  })
  const found = await database.query(
    `select tableoid::regclass::text as name from ${schema}.delivery_history`,
  )
  expect(found).toEqual([{ name: `${schema}.${dayName(0)}` }])
})

test('without a partition of its day an ended delivery goes into the default one, and upkeep goes on', async () => {
  const { database, schema, store } = await opened()
  for (const days of [0, 1]) await database.execute(`drop table ${schema}.${dayName(days)}`)
  const lease = await granted(store, await registered(store, 'late'))
  await store.advance(lease, to(1, { deliveries: [delivery('late', 1)] }))
  await store.settle(lease, {
    finished: [result(delivery('late', 1).id, { kind: 'delivered' })],
    starting: [],
  })
  expect(await store.getDelivery(delivery('late', 1).id)).toMatchObject({ state: 'delivered' })
  // Today's cannot be made over the rows that lie in the default one; tomorrow's can.
  expect(await maintain(database, schema)).toBe(60_000)
  expect(await partitions(database, schema)).toEqual(['delivery_history_default', dayName(1)].toSorted())
})

test('days older than asked for are dropped, and how far they reached is kept', async () => {
  const { database, schema, store } = await opened()
  const lease = await granted(store, await registered(store, 'aging'))
  await store.advance(lease, to(7, { deliveries: [delivery('aging', 7)] }))
  await store.settle(lease, {
    finished: [result(delivery('aging', 7).id, { kind: 'delivered' })],
    starting: [],
  })
  const old = `delivery_history_20200101`
  await database.execute(
    `create table ${schema}.${old} partition of ${schema}.delivery_history for values from ('2020-01-01Z') to ('2020-01-02Z')`,
  )
  await database.execute(`update ${schema}.delivery_history set ended_at = '2020-01-01 12:00Z'`)
  expect(await maintain(database, schema)).toBeGreaterThan(60_000)
  expect(await partitions(database, schema)).not.toContain(old)
  const reach = await database.query(`select forgotten_commit from ${schema}.processor_partitions`)
  expect(reach).toEqual([{ forgotten_commit: 7 }])
})

test('upkeep that would have to wait for a long reader comes back later', async () => {
  const { database, schema } = await opened()
  await database.execute(`drop table ${schema}.${dayName(1)}`)
  await database.transaction(async (reader) => {
    await reader.query(`select id from ${schema}.delivery_history`)
    await using other = await openPg({ url: inject('servers').postgres, poolSize: 1 })
    expect(await maintain(other, schema)).toBe(60_000)
  })
  expect(await maintain(database, schema)).toBeGreaterThan(0)
  expect(await partitions(database, schema)).toContain(dayName(1))
})

test('upkeep of another process is not waited for', async () => {
  const { database, schema } = await opened()
  await database.transaction(async (first) => {
    await first.query(`select ${schema}.maintain_delivery_history(30)`)
    await using other = await openPg({ url: inject('servers').postgres, poolSize: 1 })
    expect(await maintain(other, schema)).toBe(1000)
  })
})

test('upkeep runs once for many that ask at once, and again when its day is over', async () => {
  const { database, schema } = await opened()
  let now = 0
  const ledger = createLedger(database, parseSchemaName(schema))
  const upkeep = new HistoryUpkeep(ledger, {
    keepDays: 30,
    monotonic: () => now,
    onFailure: (error) => expect.unreachable(String(error)),
  })
  await Promise.all([upkeep.ensure(), upkeep.ensure()])
  await database.execute(`drop table ${schema}.${dayName(1)}`)
  await upkeep.ensure()
  expect(await partitions(database, schema)).not.toContain(dayName(1))
  now += 25 * 3_600_000
  await upkeep.ensure()
  expect(await partitions(database, schema)).toContain(dayName(1))
})

test('upkeep that fails is reported, fails no settlement, and comes again a minute later', async () => {
  const { database, schema, store } = await opened()
  const lease = await granted(store, await registered(store, 'unkept'))
  await database.execute(`alter function ${schema}.maintain_delivery_history rename to hidden`)
  let now = 0
  const failures: unknown[] = []
  const upkeep = new HistoryUpkeep(createLedger(database, parseSchemaName(schema)), {
    keepDays: 30,
    monotonic: () => now,
    onFailure: (error) => failures.push(error),
  })
  await upkeep.ensure()
  await upkeep.ensure()
  expect(failures).toMatchObject([{ code: '42883' }])
  await store.settle(lease, { finished: [], starting: [] })
  now += 60_000
  await upkeep.ensure()
  expect(failures).toHaveLength(2)
})

test('upkeep that would have to wait for a settlement comes back later, and drops nothing it has not noted', async () => {
  const { database, schema, store } = await opened()
  const lease = await granted(store, await registered(store, 'settling'))
  await store.advance(lease, to(7, { deliveries: [delivery('settling', 7)] }))
  await store.settle(lease, {
    finished: [result(delivery('settling', 7).id, { kind: 'delivered' })],
    starting: [],
  })
  const old = `delivery_history_20200101`
  await database.execute(
    `create table ${schema}.${old} partition of ${schema}.delivery_history for values from ('2020-01-01Z') to ('2020-01-02Z')`,
  )
  await database.execute(`update ${schema}.delivery_history set ended_at = '2020-01-01 12:00Z'`)
  await database.execute(`drop table ${schema}.${dayName(1)}`)
  await database.transaction(async (settling) => {
    await settling.query(`select from ${schema}.processor_partitions where processor = 'settling' for update`)
    await using other = await openPg({ url: inject('servers').postgres, poolSize: 1 })
    expect(await maintain(other, schema)).toBe(60_000)
    expect(await partitions(other, schema)).toEqual(expect.arrayContaining([old, dayName(1)]))
    // Upkeep holds nothing now that the settlement needs next.
    await settling.execute(`update ${schema}.delivery_history set reason = 'seen'`)
  })
  expect(await maintain(database, schema)).toBeGreaterThan(60_000)
  expect(await partitions(database, schema)).not.toContain(old)
  const reach = await database.query(`select forgotten_commit from ${schema}.processor_partitions`)
  expect(reach).toEqual([{ forgotten_commit: 7 }])
})
