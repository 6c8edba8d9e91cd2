import { readFileSync } from 'node:fs'

import { defineSearchIndex } from '@millrace/contracts'
import { expect, test } from 'vitest'

import { drivers } from '../../fixtures/databases.ts'
import { freshSchema } from '../../fixtures/schemas.ts'
import { dumpTables } from '../../fixtures/table-dump.ts'
import { openPostgresSearch } from './open-postgres-search.ts'

const golden = new URL('../../golden/v1/search-tables.json', import.meta.url)
const tables = ['search_builds', 'search_golden_r1', 'search_segments'] as const

const definition = defineSearchIndex({
  name: 'golden',
  version: 3,
  fields: {
    title: { kind: 'text' },
    sku: { kind: 'keyword' },
    tags: { kind: 'keyword', list: true, optional: true },
    owner: { kind: 'keyword', subject: true, optional: true },
    stock: { kind: 'whole' },
    price: { kind: 'number', optional: true },
    listed: { kind: 'boolean' },
    since: { kind: 'date' },
  },
})

test.for(drivers)(
  'the tables of an index on %s are those of version 1, column by column',
  async ([, open]) => {
    await using database = await open()
    const schema = freshSchema('search_tables')
    const store = await openPostgresSearch({ database, schema })
    const index = await store.open(definition)
    const body = { title: "It's red red", sku: 'B-1', stock: 3, listed: true, since: new Date(1000) }
    await index.write([
      { kind: 'index', id: 'p-1', version: 7, body, payload: { a: 1 } },
      { kind: 'delete', id: 'p-2', version: 9 },
    ])
    const rows = await database.query<Record<string, unknown>>(
      `select id, version, deleted_at is not null as mark, words::text, payload::text, "f_title", "f_since", "f_tags",
       "w_title"::text from ${schema}.search_golden_r1 order by id`,
    )
    const builds = await database.query<Record<string, unknown>>(
      `select run, name, version, live, format, fingerprint from ${schema}.search_builds`,
    )
    expect({ tables: await dumpTables(database, schema, tables), rows, builds }).toEqual(
      JSON.parse(readFileSync(golden, 'utf8')),
    )
    await database.execute(`update ${schema}.search_builds set format = 2`)
    await expect(store.open(definition)).rejects.toMatchObject({ code: 'ERR_CONFIGURATION' })
    await database.execute(`drop schema ${schema} cascade`)
  },
)
