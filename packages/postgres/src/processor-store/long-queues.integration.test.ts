import { afterAll, beforeAll, beforeEach, expect, inject, test } from 'vitest'

import { granted, registered } from '../../fixtures/ledger.ts'
import { freshSchema } from '../../fixtures/schemas.ts'
import { openPg } from '../sql/pg-database.ts'
import { parseSchemaName } from '../sql/schema-name.ts'
import type { SqlDatabase } from '../sql/sql-database.ts'
import { due, readDue, readDueByKey, readNext, readNextByKey } from './due.ts'
import { createLedger } from './ledger.ts'
import type { Ledger } from './ledger.ts'
import { openProcessorStore } from './open-processor-store.ts'

const schema = freshSchema('queues')
const actions = ['notify', 'other']
let database: SqlDatabase
let ledger: Ledger

beforeAll(async () => {
  database = await openPg({ url: inject('servers').postgres, poolSize: 1 })
  await openProcessorStore({ database, schema })
  ledger = createLedger(database, parseSchemaName(schema))
})
afterAll(async () => await database[Symbol.asyncDispose]())
beforeEach(async () => await database.script(`truncate ${schema}.deliveries, ${schema}.dead_letters`))

/** What each delivery is like, by SQL expressions over its number. */
interface Filling {
  readonly count: number
  readonly action: string
  readonly key: string
  readonly ordered: string
  readonly inFlight: string
  readonly dueInSeconds: string
}

async function fill({ count, action, key, ordered, inFlight, dueInSeconds }: Filling): Promise<void> {
  await database.execute(`
    insert into ${schema}.deliveries (id, seq, processor, partition, epoch, action, record_id, generation, position_commit,
      position_index, key, state, in_flight, attempts_left, next_attempt_at, ordered, holds)
    select 'd' || n, n, 'queue', 0, 1, ${action}, 'r' || n, 'g', n, 0, ${key}, 'open', ${inFlight}, 3,
      timestamptz 'epoch' + extract(epoch from now()) * interval '1 second' + (${dueInSeconds}) * interval '1 second',
      is_ordered, is_ordered and n % 2 = 0
    from (select n, ${ordered} as is_ordered from generate_series(1, ${count}) n) numbered`)
}

test('looking key by key finds what looking at everything finds', async () => {
  for (let seed = 1; seed <= 6; seed++) {
    await database.script(`truncate ${schema}.deliveries, ${schema}.dead_letters; select setseed(0.${seed})`)
    await fill({
      count: 300,
      action: `(array['notify', 'other'])[1 + (random() * 1)::int]`,
      key: `'k' || (random() * ${seed * 10})::int`,
      ordered: 'random() < 0.8',
      inFlight: 'random() < 0.2',
      dueInSeconds: '(random() * 200)::int - 150',
    })
    await database.execute(`
      insert into ${schema}.dead_letters (id, seq, processor, partition, epoch, action, record_id, generation,
        position_commit, position_index, key, reason, attempts, attempts_left, opened_at, holds)
      select 'l' || n, n * 10, 'queue', 0, 1, 'notify', 'l' || n, 'g', n, 0, 'k' || n, 'no', '[]', 0, now(), true
      from generate_series(1, 5) n`)
    const at = ['queue', 0, actions]
    // In one transaction, for which the time stands still.
    const both = await database.transaction(async (tx) => {
      const ids = async (text: string): Promise<unknown> =>
        (await tx.query<{ id: string }>(ledger.sql(text), [...at, 5_000, 1_000])).map(({ id }) => id)
      const next = async (text: string): Promise<unknown> =>
        await tx.query(ledger.sql(text), [...at, 5_000, ['d1']])
      return {
        byKey: [await ids(readDueByKey), await next(readNextByKey)],
        all: [await ids(readDue), await next(readNext)],
      }
    })
    expect(both.byKey).toEqual(both.all)
    expect(both.all[0]).not.toEqual([])
  }
})

async function pagesRead(statement: string, values: string): Promise<number> {
  const explained = await database.transaction(async (tx) => {
    await tx.script(
      `set local plan_cache_mode = force_generic_plan; prepare looked as ${ledger.sql(statement)}`,
    )
    const [row] = await tx.query<{ 'QUERY PLAN': string }>(
      `explain (analyze, buffers, format json) execute looked(${values})`,
    )
    await tx.script('deallocate looked')
    return JSON.parse(row?.['QUERY PLAN'] ?? '') as readonly [
      { readonly Plan: Readonly<Record<'Shared Hit Blocks' | 'Shared Read Blocks', number>> },
    ]
  })
  const { Plan: plan } = explained[0]
  return plan['Shared Hit Blocks'] + plan['Shared Read Blocks']
}

test('a hundred thousand that wait behind five keys are not read to find what is due', async () => {
  const store = await openProcessorStore({ database, schema })
  const lease = await granted(store, await registered(store, 'queue'))
  await fill({
    count: 100_000,
    action: `'notify'`,
    key: `'k' || n % 5`,
    ordered: 'true',
    // The first of each but one is being tried.
    inFlight: 'n < 5',
    dueInSeconds: '-1000 + n * 0.001',
  })
  await database.script(`analyze ${schema}.deliveries`)
  const found = await due(ledger, lease, { actions, limit: 500 })
  expect(found.deliveries.map(({ id }) => id)).toEqual(['d5'])
  expect(found.nextInMs).toBeUndefined()
  const at = `'queue', 0, '{notify,other}'`
  const pages = [
    await pagesRead(readDue, `${at}, 2000, 500`),
    await pagesRead(readNext, `${at}, 2000, '{}'`),
    await pagesRead(readDueByKey, `${at}, 5000, 500`),
    await pagesRead(readNextByKey, `${at}, 5000, '{}'`),
  ]
  const all = await pagesRead(readDue, `${at}, 2147483647, 500`)
  expect(pages.reduce((sum, each) => sum + each)).toBeLessThan(all / 10)
})

test('what comes behind long queues of few keys is found all the same', async () => {
  const store = await openProcessorStore({ database, schema })
  const lease = await granted(store, await registered(store, 'queue'))
  await fill({
    count: 12_000,
    action: `'notify'`,
    key: `case when n <= 3000 then 'hot' when n <= 11000 then 'a' || n else 'z' || n end`,
    ordered: 'true',
    // The keys in front are all being tried: 8,001 of them, more than are looked at one by one.
    inFlight: 'n = 1 or n between 3001 and 11000',
    dueInSeconds: '-1000 + n * 0.001',
  })
  const found = await due(ledger, lease, { actions, limit: 500 })
  expect(found.deliveries[0]?.id).toBe('d11001')
  expect(found.deliveries).toHaveLength(500)
  expect(found.nextInMs).toBe(0)
})
