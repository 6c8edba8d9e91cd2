import { rowSourceContract } from '@millrace/conformance'
import { expect, test } from 'vitest'

import { drivers } from '../../fixtures/databases.ts'
import { loadRows } from '../../fixtures/loaded-rows.ts'
import { openPglite } from '../sql/open-pglite.ts'
import { postgresRows } from './postgres-rows.ts'

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
