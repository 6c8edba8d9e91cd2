import { afterAll, beforeAll, expect, test } from 'vitest'

import { delivery, granted, registered, result, to } from '../../fixtures/ledger.ts'
import { openPglite } from '../sql/open-pglite.ts'
import { parseSchemaName } from '../sql/schema-name.ts'
import type { SqlDatabase } from '../sql/sql-database.ts'
import { createLedger } from './ledger.ts'
import { openProcessorStore } from './open-processor-store.ts'
import { TableVacuum } from './table-vacuum.ts'

const perBatch = 200
let database: SqlDatabase

beforeAll(async () => {
  database = await openPglite('memory')
})
afterAll(async () => await database[Symbol.asyncDispose]())

test('the embedded table of open deliveries does not grow with those that ended', async () => {
  const store = await openProcessorStore({ database, schema: 'churned' })
  const lease = await granted(store, await registered(store, 'churning'))
  const failures: unknown[] = []
  const vacuum = new TableVacuum(createLedger(database, parseSchemaName('churned')), {
    every: 4 * perBatch,
    onFailure: (error) => failures.push(error),
  })
  let commit = 0
  const churn = async (batches: number): Promise<number> => {
    for (let n = 0; n < batches; n++) {
      const ids = Array.from({ length: perBatch }, (_, i) => `r${++commit}-${i}:churning:notify`)
      await store.advance(
        lease,
        to(commit, { deliveries: ids.map((id) => delivery('churning', commit, { id })) }),
      )
      vacuum.begin(perBatch)
      await store.settle(lease, {
        finished: ids.map((id) => result(id, { kind: 'delivered' })),
        starting: [],
      })
    }
    const [row] = await database.query<{ size: number }>(`select pg_table_size('churned.deliveries') as size`)
    return row?.size ?? 0
  }
  const early = await churn(6)
  expect(await churn(18)).toBeLessThan(2 * early)
  expect(failures).toEqual([])
})

test('the store vacuums an embedded table by itself', async () => {
  const store = await openProcessorStore({ database, schema: 'cleaned' })
  const lease = await granted(store, await registered(store, 'churning'))
  const vacuumed = async (): Promise<boolean> => {
    const [row] = await database.query<{ known: boolean }>(
      `select reltuples >= 0 as known from pg_class where oid = 'cleaned.deliveries'::regclass`,
    )
    return row?.known ?? false
  }
  expect(await vacuumed()).toBe(false)
  await store.settle(lease, { finished: [], starting: [] })
  expect(await vacuumed()).toBe(true)
})

test('a vacuum that fails is reported', async () => {
  const reported = Promise.withResolvers<unknown>()
  const ledger = createLedger(database, parseSchemaName('nowhere'))
  new TableVacuum(ledger, { onFailure: reported.resolve }).begin(1)
  expect(await reported.promise).toMatchObject({ code: '3F000' })
})
