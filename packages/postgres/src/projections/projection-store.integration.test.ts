import type { DocumentChange, ProjectionStore, StateWrite } from '@millrace/contracts'
import { describe, expect, inject, test } from 'vitest'

import { drivers } from '../../fixtures/databases.ts'
import { freshSchema } from '../../fixtures/schemas.ts'
import { openPostgresLocks } from '../locks/postgres-locks.ts'
import { openPg } from '../sql/pg-database.ts'
import type { SqlDatabase } from '../sql/sql-database.ts'
import { openProjectionStore } from './open-projection-store.ts'

interface Bench extends AsyncDisposable {
  readonly database: SqlDatabase
  readonly schema: string
  readonly models: ProjectionStore
}

async function openBench(open: () => Promise<SqlDatabase>): Promise<Bench> {
  const database = await open()
  const schema = freshSchema('models')
  const models = await openProjectionStore({ database, schema, modelSchema: schema })
  return {
    database,
    schema,
    models,
    [Symbol.asyncDispose]: async () => {
      await database.script(`drop schema if exists ${schema} cascade`)
      await database[Symbol.asyncDispose]()
    },
  }
}

const documentsOf = (projection: string) =>
  ({
    projection,
    version: 1,
    form: 'documents',
    partitions: 2,
    tables: [projection],
    script: '',
    by: 'me',
  }) as const

const change = (key: string, continues: number, state: unknown = { continues }): DocumentChange => ({
  key,
  state,
  position: { commit: continues + 1, index: 0 },
  continues,
})

const deletion = (key: string, continues: number): DocumentChange => ({
  ...change(key, continues),
  state: undefined,
})

const openServer = async (): Promise<SqlDatabase> => await openPg({ url: inject('servers').postgres })

describe('a store of read models', () => {
  test.each(drivers)(
    'on %s refuses a change of a document that another writer changed, deleted, or owns',
    async (_, open) => {
      await using bench = await openBench(open)
      const { models, database } = bench
      await models.ensure(documentsOf('sums'))
      const model = models.documents({ projection: 'sums', version: 1, run: 1 })
      const save = async (partition: number, ...changes: readonly DocumentChange[]): Promise<void> => {
        const writes: StateWrite[] = []
        const write = (statement: string, values: readonly unknown[]): void =>
          void writes.push({ statement, values })
        model.save(changes, { partition, write })
        await database.transaction(async (tx) => {
          for (const { statement, values } of writes) await tx.execute(statement, values)
        })
      }
      const refused = { code: 'MR003' }
      await save(0, change('a', 0), change('b', 0))
      await save(0, change('a', 1))
      await expect(save(0, change('new', 0), change('a', 1))).rejects.toMatchObject(refused)
      await expect(save(1, change('a', 2))).rejects.toMatchObject(refused)
      await expect(save(0, change('a', 0))).rejects.toMatchObject(refused)
      // Not even to delete it: the other partition would go on from what is not there.
      await expect(save(1, deletion('b', 1))).rejects.toMatchObject(refused)
      await expect(save(0, deletion('b', 2))).rejects.toMatchObject(refused)
      await save(0, deletion('b', 1))
      // A document that is gone does not come back with what its writer remembers of it.
      await expect(save(0, change('b', 1))).rejects.toMatchObject(refused)
      await save(1, change('b', 0))
      const found = await model.load(['a', 'b', 'new'])
      expect([...found.values()].map(({ key, revision }) => [key, revision])).toEqual([
        ['a', 2],
        ['b', 1],
      ])
    },
  )

  test('empties and drops tables that refer to each other, and counts anew from their beginning', async () => {
    await using bench = await openBench(openServer)
    const { models, database, schema } = bench
    const plan = {
      projection: 'orders',
      version: 1,
      form: 'tables',
      partitions: 1,
      tables: ['orders', 'lines'],
      script: `
        create table :orders (id text primary key, number bigint generated always as identity);
        create table :lines (order_id text references :orders, note text default 'not:orders')`,
      by: 'me',
    } as const
    await models.ensure(plan)
    const fill = async (): Promise<readonly object[]> => {
      await database.execute(`insert into ${schema}.orders_v1 (id) values ('x')`)
      await database.execute(`insert into ${schema}.lines_v1 (order_id) values ('x')`)
      return await database.query(
        `select number, note from ${schema}.orders join ${schema}.lines on id = order_id`,
      )
    }
    expect(await fill()).toEqual([{ number: 1, note: 'not:orders' }])
    await models.reset('orders', { start: { generation: 'g', commit: 0, index: 0 }, by: 'me' })
    expect(await fill()).toEqual([{ number: 1, note: 'not:orders' }])
    const build = await models.rebuild(plan)
    expect(await models.beginSwitch(build)).toBe(true)
    expect(await models.cancel('orders', 'me')).toBe(true)
    // Of a process that died: nobody takes it any more, and it would be told as a zombie for ever.
    const locks = await openPostgresLocks({ database, schema })
    const [own, other] = [`processor/${build.processor}/0`, `processor/${build.processor}0/0`]
    for (const name of [own, other]) await locks.acquire(name, { owner: 'dead', ttlMs: 1 })
    await expect.poll(async () => (await locks.inspect(own))?.state).toBe('expired')
    expect(await models.drop('orders', 1, 'me')).toBe(1)
    expect(await locks.inspect(own)).toMatchObject({ state: 'free', epoch: 2 })
    expect(await locks.inspect(other)).toMatchObject({ owner: 'dead', epoch: 1 })
    expect(await models.remove('orders', 'me')).toBe(1)
    const left = await database.query(
      'select relname from pg_class where relnamespace = to_regnamespace($1) and relname ~ $2',
      [schema, '^(orders|lines)'],
    )
    expect(left).toEqual([])
  })

  test('takes no name that is none of ours', async () => {
    await using bench = await openBench(openServer)
    const { models } = bench
    const projection = 'x"; drop schema public cascade; --'
    expect(() => models.liveDocuments(projection)).toThrow(/must be a name/)
    await expect(models.ensure(documentsOf(projection))).rejects.toMatchObject({ code: 'ERR_INVALID_VALUE' })
    expect(await models.builds()).toEqual([])
  })
})
