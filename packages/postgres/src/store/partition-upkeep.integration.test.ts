import { describe, expect, onTestFinished, test } from 'vitest'

import { drivers } from '../../fixtures/databases.ts'
import { freshStream } from '../../fixtures/raw-writer.ts'
import { freshSchema } from '../../fixtures/schemas.ts'
import { parseSchemaName } from '../sql/schema-name.ts'
import type { SqlDatabase } from '../sql/sql-database.ts'
import { openPostgresStore } from './open-postgres-store.ts'
import { PartitionUpkeep } from './partition-upkeep.ts'

const any = { expectedVersion: 'any' } as const
const events = [{ type: 'kept', data: 1 }]

describe.for(drivers)('partitions of events on %s', ([, open]) => {
  async function opened() {
    const [database, schema] = [await open(), freshSchema('partitions')]
    const store = await openPostgresStore({ database, schema })
    onTestFinished(async () => {
      await store[Symbol.asyncDispose]()
      await database[Symbol.asyncDispose]()
    })
    return { database, schema, store }
  }

  async function partitions(database: SqlDatabase, schema: string): Promise<readonly string[]> {
    const rows = await database.query<{ name: string }>(
      `select child.relname::text as name from pg_inherits join pg_class child on child.oid = inhrelid
       where inhparent = $1::regclass order by 1`,
      [`${schema}.events`],
    )
    return rows.map(({ name }) => name).filter((name) => name !== 'events_default')
  }

  test('are made before the log needs them, and take what is appended', async () => {
    const { database, schema, store } = await opened()
    const stream = freshStream()
    await store.append(stream, events, any)
    expect(await partitions(database, schema)).toEqual(['events_p0', 'events_p1'])
    await database.query(`select setval('${schema}.commit_seq', 10000000)`)
    await store.append(stream, events, any)
    await expect.poll(() => partitions(database, schema)).toEqual(['events_p0', 'events_p1', 'events_p2'])
    await database.query(`select setval('${schema}.commit_seq', 20000000)`)
    await store.append(stream, events, any)
    expect(await database.query(`select count(*) as n from ${schema}.events_p2`)).toEqual([{ n: 1 }])
    expect(await database.query(`select count(*) as n from ${schema}.events_default`)).toEqual([{ n: 0 }])
    await expect(database.execute(`truncate ${schema}.events_p2`)).rejects.toThrow('never change')
  })

  test('that come too late leave what is there in the default one, and the next is made', async () => {
    const { database, schema, store } = await opened()
    await database.query(`select setval('${schema}.commit_seq', 45000000)`)
    await store.append(freshStream(), events, any)
    await expect.poll(() => partitions(database, schema)).toEqual(['events_p0', 'events_p1', 'events_p5'])
    expect(await database.query(`select count(*) as n from ${schema}.events_default`)).toEqual([{ n: 1 }])
  })

  test('that cannot be made are told of, and hold up nothing', async () => {
    const { database, schema } = await opened()
    const failures: unknown[] = []
    const options = { onFailure: (error: unknown) => void failures.push(error) }
    const upkeep = new PartitionUpkeep(database, parseSchemaName(`${schema}_gone`), options)
    upkeep.noticed(1)
    upkeep.noticed(6_000_000)
    await upkeep.settled()
    upkeep.noticed(6_000_001)
    await upkeep.settled()
    expect(failures).toHaveLength(1)
  })
})
