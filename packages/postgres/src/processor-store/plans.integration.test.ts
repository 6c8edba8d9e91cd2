import { afterAll, beforeAll, expect, inject, test } from 'vitest'

import { granted, registered } from '../../fixtures/ledger.ts'
import { freshSchema } from '../../fixtures/schemas.ts'
import { openPg } from '../sql/pg-database.ts'
import { parseSchemaName } from '../sql/schema-name.ts'
import type { SqlDatabase } from '../sql/sql-database.ts'
import { boundsOf, listByState, readOfRecord, readOne } from './delivery-lists.ts'
import { readDue, readNext } from './due.ts'
import { createLedger } from './ledger.ts'
import type { Ledger } from './ledger.ts'
import { insertOrdered, readKnown } from './new-deliveries.ts'
import { openProcessorStore } from './open-processor-store.ts'
import { markUnknown } from './recover.ts'
import { moveToHistory, startAttempts } from './settle.ts'

const schema = freshSchema('plans')
let database: SqlDatabase
let ledger: Ledger

beforeAll(async () => {
  database = await openPg({ url: inject('servers').postgres, poolSize: 1 })
  const store = await openProcessorStore({ database, schema })
  await granted(store, await registered(store, 'busy'))
  ledger = createLedger(database, parseSchemaName(schema))
  const rows = `
    select 'r' || n || ':busy:notify' as id, n as seq, 'busy' as processor, n % 4 as partition, 1 as epoch,
      case when n % 10 = 0 then 'other' else 'notify' end as action, 'r' || n as record_id, 'generation' as generation,
      n as position_commit, 0 as position_index, 'k' as key, 3 as attempts_left`
  await database.execute(`
    insert into ${schema}.deliveries (id, seq, processor, partition, epoch, action, record_id, generation,
      position_commit, position_index, key, attempts_left, state, in_flight, next_attempt_at)
    ${rows}, 'open', n % 1000 = 0, now() + (n - 50000) * interval '1 second' from generate_series(1, 100000) n`)
  await database.execute(`
    insert into ${schema}.delivery_history (id, seq, processor, partition, epoch, action, record_id, generation,
      position_commit, position_index, key, attempts_left, state, attempts, opened_at, ended_at)
    ${rows}, 'delivered', '[]', now(), now() from generate_series(100001, 200000) n`)
  await database.script(`analyze ${schema}.deliveries; analyze ${schema}.delivery_history`)
})
afterAll(async () => await database[Symbol.asyncDispose]())

/** Prepared as the drivers do, planned for any value. */
async function plan(statement: string, values: readonly string[]): Promise<string> {
  const name = `p${Math.random().toString(36).slice(2)}`
  return await database.transaction(async (tx) => {
    await tx.script(
      `set local plan_cache_mode = force_generic_plan; prepare ${name} as ${ledger.sql(statement)}`,
    )
    const rows = await tx.query<{ 'QUERY PLAN': string }>(`explain execute ${name}(${values.join(', ')})`)
    await tx.script(`deallocate ${name}`)
    return rows.map((row) => row['QUERY PLAN']).join('\n')
  })
}

test.each([
  ['due', readDue, ["'busy'", '0', "'{notify,other}'", '2000', '500'], /deliveries_due/],
  ['the next due', readNext, ["'busy'", '0', "'{notify,other}'", '2000', "'{}'"], /deliveries_due/],
  ['recover', markUnknown, ["'busy'", '0', '2'], /deliveries_due/],
  ['a look for known ones', readKnown, ["'{r1:busy:notify,r2:busy:notify}'"], /_id_idx|delivery_history_id/],
  [
    'a look for what a record caused',
    readOfRecord,
    boundsOf('r1').map((bound) => `'${bound}'`),
    /_id_idx|delivery_history_id/,
  ],
  ['a look for one', readOne, ["'r1:busy:notify'"], /_id_idx|delivery_history_id/],
  [
    'a page of delivered ones',
    listByState.delivered,
    ["'busy'", "'delivered'", '150000', '101'],
    /processor_seq_idx/,
  ],
  [
    'a page of cancelled ones',
    listByState.cancelled,
    ["'busy'", "'cancelled'", '150000', '101'],
    /processor_seq_idx1/,
  ],
] as const)('%s uses its index among 100,000 rows', async (_what, statement, values, index) => {
  const explained = await plan(statement, values)
  expect(explained).toMatch(index)
  // An empty partition costs nothing to read.
  expect(explained).not.toMatch(/Seq Scan on deliver\w+( \w+)?  \(cost=0\.00\.\.(?!0\.00)/)
})

const ids = `array_fill('n'::text, array[100])`
const allTrue = 'array_fill(true, array[100])'
const nulls = `array_fill(null::text, array[100])`

test.each([
  ['due', readDue, ["'busy'", '0', "'{notify}'", '2000', '500'], /using deliveries_order/],
  ['a start', startAttempts, ["'busy'", '0', '1', ids], /(using|on) deliveries_pkey/],
  [
    'an end',
    moveToHistory,
    ["'busy'", '0', ids, 'array_fill(1, array[100])', 'to_jsonb(array_fill(0, array[100]))', nulls, nulls],
    /(using|on) deliveries_pkey/,
  ],
  [
    'an opening',
    insertOrdered,
    [
      "'busy'",
      '0',
      '1',
      "'generation'",
      ids,
      `array_fill('notify'::text, array[100])`,
      ids,
      'array_fill(1::bigint, array[100])',
      'array_fill(1, array[100])',
      ids,
      'array_fill(3, array[100])',
      allTrue,
      allTrue,
      allTrue,
    ],
    /using deliveries_order[^]*using dead_letters_holding|using dead_letters_holding[^]*using deliveries_order/,
  ],
] as const)(
  'a plan for %s that was made while the table was empty leads to single rows',
  async (_what, statement, values, index) => {
    const empty = freshSchema('empty')
    await openProcessorStore({ database, schema: empty })
    const text = createLedger(database, parseSchemaName(empty)).sql(statement)
    const explained = await database.transaction(async (tx) => {
      await tx.script(`set local enable_seqscan = off; set local plan_cache_mode = force_generic_plan;
        prepare planned_empty as ${text}`)
      const rows = await tx.query<{ 'QUERY PLAN': string }>(
        `explain execute planned_empty(${values.join(', ')})`,
      )
      await tx.script('deallocate planned_empty')
      return rows.map((row) => row['QUERY PLAN']).join('\n')
    })
    expect(explained).toMatch(index)
    expect(explained).not.toMatch(/Seq Scan on deliver/)
  },
)
