import { readFileSync } from 'node:fs'

import type { EventStore } from '@millrace/contracts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { collect } from '../../fixtures/collect.ts'
import { drivers } from '../../fixtures/databases.ts'
import { freshStream } from '../../fixtures/raw-writer.ts'
import { freshSchema } from '../../fixtures/schemas.ts'
import { dumpTables, eventTables } from '../../fixtures/table-dump.ts'
import type { SqlDatabase } from '../sql/sql-database.ts'
import { openPostgresStore } from './open-postgres-store.ts'

const any = { expectedVersion: 'any' } as const
const golden = new URL('../../golden/v1/event-tables.json', import.meta.url)

describe.for(drivers)('the tables on %s', ([, open]) => {
  const schema = freshSchema('tables')
  let database: SqlDatabase
  let store: EventStore

  beforeAll(async () => {
    database = await open()
    store = await openPostgresStore({ database, schema })
  })
  afterAll(async () => {
    await store[Symbol.asyncDispose]()
    await database[Symbol.asyncDispose]()
  })

  test('are those of version 1, column by column', async () => {
    const expected: unknown = JSON.parse(readFileSync(golden, 'utf8'))
    expect(await dumpTables(database, schema, eventTables)).toEqual(expected)
  })

  test('keep recorded events and commits from every change', async () => {
    await store.append(freshStream(), [{ type: 'kept', data: 1 }], any)
    const changes = [
      'update :t set type = type',
      'delete from :t',
      'truncate :t',
      'truncate :t_p0',
      'truncate :t_default',
      'update :c set event_count = 9',
      'delete from :c',
      'truncate :c',
    ].map((change) => change.replace(':t', `${schema}.events`).replace(':c', `${schema}.commits`))
    for (const change of changes) await expect(database.execute(change)).rejects.toThrow('never change')
  })

  test("let a tombstone delete its own stream's events and no others", async () => {
    const [one, other] = [freshStream(), freshStream()]
    for (const stream of [one, other]) await store.append(stream, [{ type: 'kept', data: 1 }], any)
    const wrong = database.transaction(async (tx) => {
      await tx.query("select set_config('millrace.tombstoning', $1, true)", [`${schema}.${one}`])
      await tx.execute(`delete from ${schema}.events where stream_id = $1`, [other])
    })
    await expect(wrong).rejects.toThrow('never change')
    const after = database.transaction(async (tx) => {
      await tx.query(`select ${schema}.delete_stream_events($1)`, [one])
      await tx.execute(`delete from ${schema}.events where stream_id = $1`, [one])
      // The permission ended with the function: an event written after it is safe again.
      await tx.execute(`delete from ${schema}.events where stream_id = $1`, [other])
    })
    await expect(after).rejects.toThrow('never change')
    await store.tombstone(one, { ...any, reason: 'asked for' })
    expect(await collect(store.read(other))).toHaveLength(1)
  })

  test('take commits beyond the last partition', async () => {
    await database.query(`select setval('${schema}.commit_seq', 25000000)`)
    const stream = freshStream()
    const { position } = await store.append(stream, [{ type: 'kept', data: 1 }], any)
    expect(position?.commit).toBe(25_000_001)
    expect(await collect(store.read(stream))).toHaveLength(1)
    expect(await database.query(`select count(*) as n from ${schema}.events_default`)).toEqual([{ n: 1 }])
  })
})
