import { rowSourceContract } from '@millrace/conformance'
import { expect, test } from 'vitest'

import { drivers } from '../../fixtures/databases.ts'
import { loadRows } from '../../fixtures/loaded-rows.ts'
import { freshSchema } from '../../fixtures/schemas.ts'
import { openPglite } from '../sql/open-pglite.ts'
import { postgresRows } from './postgres-rows.ts'
import { RowColumns } from './row-columns.ts'
import { selectStatement } from './row-statements.ts'

for (const [name, open] of drivers)
  rowSourceContract({
    name,
    open: async () => {
      const database = await open()
      return {
        load: async (fields, rows) => await loadRows(database, fields, rows),
        [Symbol.asyncDispose]: async () => await database[Symbol.asyncDispose](),
      }
    },
  })

const fields = { id: { type: 'integer', nullable: false } } as const
const order = [{ field: 'id', direction: 'ascending' }] as const

test('table and columns are checked before they stand in a statement', async () => {
  await using database = await openPglite('memory')
  for (const table of ['a b', 'x.y.z', '"x"', 'x;drop table y', ''])
    expect(() => postgresRows({ database, table })).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIGURATION' }),
    )
  const rows = postgresRows({ database, table: 'x', columns: { id: 'id"; drop table x' } })
  await expect(rows.select({ fields, where: [], order, limit: 1 })).rejects.toMatchObject({
    code: 'ERR_CONFIGURATION',
  })
})

test('a field may be an expression over the columns', async () => {
  await using database = await openPglite('memory')
  await database.script(
    `create table documents (state jsonb); insert into documents values ('{"id": 3}'), ('{"id": 20}')`,
  )
  const rows = postgresRows({
    database,
    table: 'documents',
    columns: { id: { sql: `(state ->> 'id')::int` } },
  })
  const found = await rows.select({ fields, where: [], order, limit: 10 })
  expect(found.map(({ row }) => row['id'])).toEqual([3, 20])
})

test.each(drivers)(
  'pages go through columns of types that only become those of their fields: %s',
  async (_, open) => {
    await using database = await open()
    const schema = freshSchema('rows')
    await database.script(
      `create schema ${schema};
       create table ${schema}.odd (id int, score real, price numeric, tag uuid, name varchar(9), day date, noon timestamp);
       insert into ${schema}.odd
       select i, i / 10.0, '0.1'::numeric + i * '1e-30'::numeric, gen_random_uuid(), 'n' || i, date '2024-01-01' + i, timestamp '2024-01-01 12:00' + i * interval '1 day'
       from generate_series(1, 5) as i`,
    )
    const types = {
      score: 'number',
      price: 'number',
      tag: 'text',
      name: 'text',
      day: 'instant',
      noon: 'instant',
    } as const
    const rows = postgresRows({ database, table: `${schema}.odd` })
    for (const [field, type] of Object.entries(types)) {
      const selection = {
        fields: { ...fields, [field]: { type, nullable: false } },
        where: [],
        order: [{ field, direction: 'ascending' }, ...order] as const,
      }
      const all = await rows.select({ ...selection, limit: 10 })
      expect(all).toHaveLength(5)
      for (const [i, { place }] of all.entries()) {
        const behind = await rows.select({ ...selection, after: place, limit: 10 })
        expect([field, behind]).toEqual([field, all.slice(i + 1)])
      }
    }
  },
)

test('an index over columns of the types of their fields finds a place', async () => {
  await using database = await openPglite('memory')
  await database.script(
    `create table x (id int, name text collate "C", at timestamptz, score float8);
     insert into x select i, 'n' || i, now(), i from generate_series(1, 5000) as i;
     create index on x (name, id); create index on x (at, id); create index on x (score, id); analyze x`,
  )
  for (const [field, type, place] of [
    ['name', 'text', 'n42'],
    ['at', 'instant', '2024-01-01 00:00:00+00'],
    ['score', 'number', '42'],
  ] as const) {
    const selection = {
      fields: { ...fields, [field]: { type, nullable: false } },
      where: [],
      order: [{ field, direction: 'ascending' }, ...order] as const,
      after: [place, '1'],
      limit: 5,
    }
    const { text, values } = selectStatement('"x"', new RowColumns({}), selection)
    const plan = await database.query<{ 'QUERY PLAN': string }>(`explain ${text}`, values)
    expect(plan.map((row) => row['QUERY PLAN']).join('\n')).toMatch(/Index Scan|Index Only Scan/)
  }
})

test('a field that is none of the selection reaches no statement', async () => {
  await using database = await openPglite('memory')
  const rows = postgresRows({ database, table: 'x' })
  const where = [{ kind: 'compare', field: 'other', comparison: '=', value: 1 }] as const
  await expect(rows.count({ fields, where })).rejects.toMatchObject({
    code: 'ERR_INVALID_VALUE',
    field: 'field other',
  })
})

test("another source's place is an invalid cursor, not a database error", async () => {
  await using database = await openPglite('memory')
  await database.script('create table x (id int)')
  const rows = postgresRows({ database, table: 'x' })
  await expect(
    rows.select({ fields, where: [], order, after: ['no number'], limit: 1 }),
  ).rejects.toMatchObject({
    code: 'ERR_INVALID_CURSOR',
  })
})
