import { expect, inject, test } from 'vitest'

import { Child } from '../../fixtures/child.ts'
import { drivers } from '../../fixtures/databases.ts'
import { freshSchema } from '../../fixtures/schemas.ts'
import { openProcessorStore } from '../processor-store/open-processor-store.ts'
import { openPg } from '../sql/pg-database.ts'
import { parseSchemaName } from '../sql/schema-name.ts'
import { openPostgresStore } from '../store/open-postgres-store.ts'
import { migrate } from './migrate.ts'
import { readMigrations } from './migration-files.ts'
import type { Migration } from './migration-files.ts'

const step = (version: number, sql: string): Migration => ({
  version,
  name: `step_${version}`,
  sql,
  checksum: `checksum of ${sql}`,
})

test('the migrations of this release are numbered from 1 without a gap', () => {
  const migrations = readMigrations()
  expect(migrations.map(({ version }) => version)).toEqual(migrations.map((_, i) => i + 1))
  expect(migrations[0]).toMatchObject({
    name: 'event_store',
    checksum: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
  })
})

test('four processes that open a new store at once migrate it once', async () => {
  const [url, schema] = [inject('servers').postgres, freshSchema('migrate')]
  const children = Array.from({ length: 4 }, () => new Child('migrate-child.ts', [url, schema]))
  expect(await Promise.all(children.map(async (child) => await child.ended()))).toEqual([0, 0, 0, 0])
  expect(new Set(children.flatMap(({ lines }) => lines)).size).toBe(1)
  await using database = await openPg({ url })
  const applied = await database.query(`select version from ${schema}.migrations order by version`)
  expect(applied).toEqual(readMigrations().map(({ version }) => ({ version })))
})

test.for(drivers)(
  'steps are applied in order, once each, and a later release adds to them (%s)',
  async ([, open]) => {
    await using database = await open()
    const schema = parseSchemaName(freshSchema('steps'))
    const first = step(1, 'create table :schema.notes (n int); insert into :schema.notes values (1)')
    const second = step(2, 'insert into :schema.notes select n + 1 from :schema.notes')
    await migrate(database, schema, [first])
    await migrate(database, schema, [first, second])
    await migrate(database, schema, [first, second])
    expect(await database.query(`select n from ${schema}.notes order by n`)).toEqual([{ n: 1 }, { n: 2 }])
  },
)

test('a step that fails leaves nothing behind', async () => {
  await using database = await openPg({ url: inject('servers').postgres })
  const schema = parseSchemaName(freshSchema('failing'))
  const steps = [step(1, 'create table :schema.notes (n int)'), step(2, 'select nonsense')]
  await expect(migrate(database, schema, steps)).rejects.toThrow('nonsense')
  expect(await database.query('select to_regnamespace($1)::text as found', [schema])).toEqual([
    { found: null },
  ])
})

test('a schema of a newer release and a step from another file are refused, and nothing is changed', async () => {
  await using database = await openPg({ url: inject('servers').postgres })
  const schema = parseSchemaName(freshSchema('newer'))
  const steps = [step(1, 'create table :schema.notes (n int)'), step(2, 'create table :schema.more (n int)')]
  await migrate(database, schema, steps)
  await expect(migrate(database, schema, steps.slice(0, 1))).rejects.toMatchObject({
    code: 'ERR_CONFIGURATION',
    message: expect.stringContaining('newer than this release') as string,
  })
  const edited = [
    step(1, 'create table :schema.notes (n bigint)'),
    steps[1] ?? step(2, ''),
    step(3, 'select 1'),
  ]
  await expect(migrate(database, schema, edited)).rejects.toMatchObject({
    code: 'ERR_CONFIGURATION',
    message: expect.stringContaining('another file') as string,
  })
  expect(await database.query(`select count(*) as n from ${schema}.migrations`)).toEqual([{ n: 2 }])
})

test.for([
  '',
  'Upper',
  'a-b',
  'a b',
  '1a',
  'pg_catalog',
  'information_schema',
  'a"; drop schema public; --',
  'x'.repeat(41),
])('the schema name %j is refused', (name) => {
  expect(() => parseSchemaName(name)).toThrow(
    expect.objectContaining({ code: 'ERR_CONFIGURATION', setting: 'schema' }) as Error,
  )
})

test('who refuses to migrate is told what to do about older tables, and changes nothing', async () => {
  await using database = await openPg({ url: inject('servers').postgres })
  const schema = parseSchemaName(freshSchema('refused'))
  const options = { database, schema, migrate: 'refuse' } as const
  const tables = async (): Promise<unknown> =>
    database.query('select oid from pg_class where relnamespace = to_regnamespace($1) order by 1', [schema])
  const stores = [openPostgresStore, openProcessorStore]
  const refused = {
    code: 'ERR_CONFIGURATION',
    message: expect.stringContaining('start the app once') as string,
  }
  for (const open of stores) await expect(open(options)).rejects.toMatchObject(refused)
  expect(await tables()).toEqual([])
  await migrate(database, schema, readMigrations().slice(0, -1))
  const before = await tables()
  for (const open of stores) await expect(open(options)).rejects.toMatchObject(refused)
  expect(await tables()).toEqual(before)
})

test('who refuses to migrate opens tables of this release, and leaves their partitions alone', async () => {
  await using database = await openPg({ url: inject('servers').postgres })
  const schema = parseSchemaName(freshSchema('looked_at'))
  const tables = async (): Promise<unknown> =>
    database.query('select oid from pg_class where relnamespace = to_regnamespace($1) order by 1', [schema])
  await migrate(database, schema)
  const before = await tables()
  const store = await openPostgresStore({ database, schema, migrate: 'refuse' })
  await store[Symbol.asyncDispose]()
  await openProcessorStore({ database, schema, migrate: 'refuse' })
  expect(await tables()).toEqual(before)
  await openProcessorStore({ database, schema })
  expect(await tables()).not.toEqual(before)
})
