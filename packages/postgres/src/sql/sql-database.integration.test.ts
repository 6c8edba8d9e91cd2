import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'

import { drivers } from '../../fixtures/databases.ts'
import { freshSchema } from '../../fixtures/schemas.ts'
import type { SqlDatabase, SqlTransaction } from './sql-database.ts'

describe.for(drivers)('on %s', ([, open]) => {
  const table = freshSchema('rows')
  let database: SqlDatabase

  beforeAll(async () => {
    database = await open()
    await database.script(`create table ${table} (n int); create table ${table}_other (n int)`)
  })
  afterAll(async () => {
    await database.script(`drop table ${table}; drop table ${table}_other`)
    await database[Symbol.asyncDispose]()
  })

  const count = async (): Promise<number> =>
    (await database.query<{ n: number }>(`select count(*) as n from ${table}`))[0]?.n ?? -1

  test('values come out in the types the port promises', async () => {
    const [row] =
      await database.query(`select 1::int2 as i2, 2::int4 as i4, 9007199254740991::int8 as i8, 1.5::float8 as f, true as b,
      'é'::text as t, '{"b":1, "a":2}'::json as j, '{"b":1}'::jsonb as jb, timestamptz '2026-01-01 00:00:00.123+02' as at,
      '\\x00ff'::bytea as bytes, array['a,"b"\\', null, ''] as texts, '{1,2}'::int[] as ints, '{3}'::bigint[] as bigs, null as nothing`)
    expect(row).toEqual({
      i2: 1,
      i4: 2,
      i8: Number.MAX_SAFE_INTEGER,
      f: 1.5,
      b: true,
      t: 'é',
      j: '{"b":1, "a":2}',
      jb: '{"b": 1}',
      at: new Date('2025-12-31T22:00:00.123Z'),
      bytes: expect.any(Uint8Array) as Uint8Array,
      texts: ['a,"b"\\', null, ''],
      ints: [1, 2],
      bigs: [3],
      nothing: null,
    })
    expect([...(row as { bytes: Uint8Array }).bytes]).toEqual([0, 255])
  })

  test('values go in as they come out', async () => {
    const at = new Date('2026-11-21T03:04:05.678Z')
    const values = [
      1,
      'é"\\',
      true,
      at,
      new Uint8Array([0, 1, 255]),
      ['a,b', '"', '\\'],
      [1, 2],
      '{"z": "\\u0000"}',
      null,
    ]
    const [row] = await database.query<Record<string, unknown>>(
      `select $1::int as i, $2::text as t, $3::boolean as b, $4::timestamptz as at, $5::bytea as bytes, $6::text[] as texts,
        $7::bigint[] as bigs, $8::json as j, $9::text as nothing`,
      values,
    )
    expect({ ...row, bytes: [...((row?.['bytes'] ?? []) as Uint8Array)] }).toEqual({
      i: 1,
      t: 'é"\\',
      b: true,
      at,
      bytes: [0, 1, 255],
      texts: ['a,b', '"', '\\'],
      bigs: [1, 2],
      j: '{"z": "\\u0000"}',
      nothing: null,
    })
  })

  test('a list of bytes, some of them null, arrives whole', async () => {
    const lists = [[new Uint8Array([0, 92, 255]), null]]
    const rows = await database.query<{ hex: string | null }>(
      `select encode(b, 'hex') as hex from unnest($1::bytea[]) as b`,
      lists,
    )
    expect(rows).toEqual([{ hex: '005cff' }, { hex: null }])
  })

  test('an integer beyond the safe ones is an error, never a wrong number', async () => {
    await expect(database.query('select 9007199254740993::int8 as n')).rejects.toThrow('safe integers')
  })

  test('rows can be had as text', async () => {
    expect(await database.queryText(`select 1, 'a', null, true, '{"a": 1}'::json, $1::bigint`, [7])).toEqual([
      ['1', 'a', null, 't', '{"a": 1}', '7'],
    ])
  })

  test('a refused statement leaves the database usable', async () => {
    await expect(database.query('select nonsense')).rejects.toThrow('nonsense')
    await expect(database.queryText('select 1 / 0')).rejects.toThrow('division by zero')
    await expect(database.script('select nonsense')).rejects.toThrow('nonsense')
    expect(await database.query('select 1 as n')).toEqual([{ n: 1 }])
  })

  test('a transaction commits when its work resolves and rolls back when it rejects', async () => {
    const before = await count()
    expect(
      await database.transaction(async (tx) => await tx.execute(`insert into ${table} values (1), (2)`)),
    ).toBe(2)
    const failing = database.transaction(async (tx) => {
      await tx.execute(`insert into ${table} values (3)`)
      throw new Error('changed my mind')
    })
    await expect(failing).rejects.toThrow('changed my mind')
    expect(await count()).toBe(before + 2)
  })

  test('a transaction whose work swallows a failed statement is refused, not half committed', async () => {
    const before = await count()
    const swallowing = database.transaction(async (tx) => {
      await tx.execute(`insert into ${table} values (1)`)
      await tx.query('select 1 / 0').catch(() => [])
      return 'done'
    })
    await expect(swallowing).rejects.toThrow('division by zero')
    expect(await count()).toBe(before)
  })

  test('statements of a transaction that are not awaited run one after the other, before it ends', async () => {
    const before = await count()
    await database.transaction(async (tx) => {
      void tx.script(`insert into ${table} values (1); insert into ${table} values (2)`)
      void tx.query(`insert into ${table} values (3)`)
      await Promise.resolve()
    })
    expect(await count()).toBe(before + 3)
  })

  test('the handle of a transaction that has ended is refused', async () => {
    let handle: SqlTransaction | undefined
    await database.transaction(async (tx) => {
      handle = tx
      await tx.query('select 1')
    })
    await expect(handle?.query('select 1')).rejects.toThrow('has ended')
  })

  test('using the database inside its own transaction is an error instead of a hang', async () => {
    const uses: readonly (() => Promise<unknown>)[] = [
      () => database.query('select 1'),
      () => database.execute('select 1'),
      () => database.queryText('select 1'),
      () => database.script('select 1'),
      () => database.transaction(async () => 1),
    ]
    for (const use of uses)
      await expect(database.transaction(async () => await use())).rejects.toMatchObject({
        code: 'ERR_TRANSACTION_REENTRY',
        retryable: false,
      })
    expect(await database.query('select 1 as n')).toEqual([{ n: 1 }])
  })

  test('what a transaction left running may use the database once the transaction has ended', async () => {
    const gate = Promise.withResolvers<void>()
    let later: Promise<unknown> = Promise.resolve()
    await database.transaction(async (tx) => {
      later = gate.promise.then(() => database.query('select 2 as n'))
      await tx.query('select 1')
    })
    gate.resolve()
    expect(await later).toEqual([{ n: 2 }])
  })

  test('transactions that are begun at once all commit', async () => {
    const before = await count()
    await Promise.all(
      Array.from(
        { length: 30 },
        async () =>
          await database.transaction(async (tx) => await tx.execute(`insert into ${table} values (1)`)),
      ),
    )
    expect(await count()).toBe(before + 30)
  })

  test('a notification reaches its listeners until they leave', async () => {
    const heard: string[] = []
    const channel = freshSchema('channel')
    const first = await database.listen(channel, (payload) => heard.push(`first ${payload}`))
    const second = await database.listen(channel, (payload) => heard.push(`second ${payload}`))
    await database.query('select pg_notify($1, $2)', [channel, 'a'])
    await vi.waitFor(() => expect(heard.toSorted()).toEqual(['first a', 'second a']))
    await first[Symbol.asyncDispose]()
    await database.query('select pg_notify($1, $2)', [channel, 'b'])
    await vi.waitFor(() => expect(heard).toContain('second b'))
    // Notifications come in order: behind this one there is nothing left of the one before.
    await database.query('select pg_notify($1, $2)', [channel, 'c'])
    await vi.waitFor(() => expect(heard).toContain('second c'))
    expect(heard).not.toContain('first b')
    await second[Symbol.asyncDispose]()
  })

  test('a full disk is named as such', async () => {
    const script = `do $$ begin raise exception 'no space left' using errcode = '53100'; end $$`
    await expect(database.script(script)).rejects.toMatchObject({ code: 'ERR_STORE_FULL', retryable: true })
  })

  test('closing twice is harmless', async () => {
    const another = await open()
    await another[Symbol.asyncDispose]()
    await another[Symbol.asyncDispose]()
    await expect(another.query('select 1')).rejects.toThrow(/pool|closed/)
  })
})
