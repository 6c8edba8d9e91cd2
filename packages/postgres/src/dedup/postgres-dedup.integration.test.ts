import { readFileSync } from 'node:fs'

import { dedupContract } from '@millrace/conformance'
import { afterAll, expect, inject, test } from 'vitest'

import { drivers } from '../../fixtures/databases.ts'
import { freshSchema } from '../../fixtures/schemas.ts'
import { dumpTables } from '../../fixtures/table-dump.ts'
import { openPg } from '../sql/pg-database.ts'
import type { SqlDatabase } from '../sql/sql-database.ts'
import { openPostgresDedup } from './postgres-dedup.ts'

const golden = new URL('../../golden/v1/dedup-and-job-tables.json', import.meta.url)

for (const [driver, open] of drivers) {
  const schema = freshSchema('dedup')
  // Opened once for the suite and the tables: an embedded database takes its time.
  let opening: Promise<SqlDatabase> | undefined
  const opened = async (): Promise<SqlDatabase> => await (opening ??= open())
  afterAll(async () => await (await opened())[Symbol.asyncDispose]())

  dedupContract({
    name: `dedup on ${driver}`,
    open: async () => {
      const dedup = await openPostgresDedup({ database: await opened(), schema })
      return { dedup, [Symbol.asyncDispose]: async () => undefined }
    },
  })

  test(`the tables of foreign ids and jobs on ${driver} are those of version 1, column by column`, async () => {
    await openPostgresDedup({ database: await opened(), schema })
    const expected: unknown = JSON.parse(readFileSync(golden, 'utf8'))
    expect(await dumpTables(await opened(), schema, ['jobs', 'seen_ids'])).toEqual(expected)
  })
}

test('what has expired leaves the table with the claims that follow', async () => {
  await using database = await openPg({ url: inject('servers').postgres })
  const schema = freshSchema('forgets')
  const dedup = await openPostgresDedup({ database, schema })
  const ids = Array.from({ length: 100 }, (_, n) => `old-${n}`)
  await dedup.claim('shop', ids, { owner: 'one', leaseMs: 1, ttlMs: 1 })
  for (let n = 0; n < 50; n++) await dedup.claim('shop', [`new-${n}`], { owner: 'one', leaseMs: 1_000 })
  expect(await database.query(`select count(*) as n from ${schema}.seen_ids`)).toEqual([{ n: 50 }])
})

test('claims of the same ids in opposite orders do not wait for each other for ever', async () => {
  await using database = await openPg({ url: inject('servers').postgres })
  const dedup = await openPostgresDedup({ database, schema: freshSchema('orders') })
  const ids = Array.from({ length: 500 }, (_, n) => `id-${n}`)
  const claims = await Promise.all(
    Array.from({ length: 8 }, async (_, n) =>
      dedup.claim('shop', n % 2 === 0 ? ids : ids.toReversed(), { owner: `${n}`, leaseMs: 60_000 }),
    ),
  )
  expect(claims.flat().filter(({ kind }) => kind === 'new')).toHaveLength(500)
})
