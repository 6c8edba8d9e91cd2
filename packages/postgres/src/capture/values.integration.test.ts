import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { Scene } from '../../fixtures/captured.ts'
import { drivers } from '../../fixtures/databases.ts'
import type { SqlDatabase } from '../sql/sql-database.ts'

/** Type, value in SQL, and what is recorded of it. */
const values: readonly (readonly [type: string, sql: string, recorded: unknown])[] = [
  ['int', '42', 42],
  ['smallint', '-7', -7],
  ['bigint', '9007199254740993', '9007199254740993'],
  ['numeric', '0.10', '0.10'],
  ['numeric', `'NaN'`, 'NaN'],
  ['numeric', `'-Infinity'`, '-Infinity'],
  ['numeric', '123456789012345678901234567890.123456789', '123456789012345678901234567890.123456789'],
  ['float8', '0.1', 0.1],
  ['float8', `'NaN'`, 'NaN'],
  ['float8', `'Infinity'`, 'Infinity'],
  ['float4', '1.5', 1.5],
  ['boolean', 'true', true],
  ['text', `'quote " back \\ and ünïcödé 🙂'`, 'quote " back \\ and ünïcödé 🙂'],
  ['text', `e'line\\nbreak\\ttab'`, 'line\nbreak\ttab'],
  ['char(3)', `'a'`, 'a  '],
  ['uuid', `'6ec0bd7f-11c0-43da-975e-2a8ad9ebae0b'`, '6ec0bd7f-11c0-43da-975e-2a8ad9ebae0b'],
  ['bytea', `'\\x00ff10'`, '\\x00ff10'],
  ['json', `'{"nul":"\\u0000","lone":"\\ud800"}'`, { nul: '\0', lone: '\ud800' }],
  ['json', `'{"$date":"not one","__proto__":1}'`, JSON.parse('{"$date":"not one","__proto__":1}')],
  ['jsonb', `'{"b": [1, null, "x"]}'`, { b: [1, null, 'x'] }],
  ['timestamptz', `'2026-03-29 01:30:00+01'`, '2026-03-29T00:30:00+00:00'],
  ['timestamptz', `'infinity'`, 'infinity'],
  ['timestamp', `'2026-03-29 01:30:00.123456'`, '2026-03-29T01:30:00.123456'],
  ['date', `'2026-03-29'`, '2026-03-29'],
  ['time', `'01:02:03.5'`, '01:02:03.5'],
  ['interval', `'1 day 2 hours'`, 'P1DT2H'],
  ['int[]', `'{1,null,3}'`, [1, null, 3]],
  ['bigint[]', `'{9007199254740993}'`, ['9007199254740993']],
  [
    'text[]',
    `'{{a,b},{c,d}}'`,
    [
      ['a', 'b'],
      ['c', 'd'],
    ],
  ],
  ['int4range', `'[1,5)'`, '[1,5)'],
  ['tstzrange', `'[2026-03-29 01:30+01,)'`, '["2026-03-29 00:30:00+00",)'],
  ['inet', `'10.0.0.1/8'`, '10.0.0.1/8'],
  ['money', '12.5', '12.50'],
  ['point', `'(1,2)'`, '(1,2)'],
  ['xml', `'<a/>'`, '<a/>'],
  [':s.mood', `'sad'`, 'sad'],
  [':s.amount', '9007199254740993', '9007199254740993'],
  [':s.pair', `row(9007199254740993, 'x')`, '(9007199254740993,x)'],
  ['oid', '7', '7'],
  ['text', 'null', null],
]

const types = `create type :s.mood as enum ('sad', 'ok'); create domain :s.amount as bigint; create type :s.pair as (n bigint, t text);`

describe.for(drivers)('values of a captured row on %s', ([kind, open]) => {
  let database: SqlDatabase

  beforeAll(async () => {
    database = await open()
  })
  afterAll(async () => {
    await database[Symbol.asyncDispose]()
  })

  test('are recorded exactly, whatever the settings of who writes', async () => {
    // PGlite is built without XML.
    const tried = values.filter(([type]) => kind === 'pg' || type !== 'xml')
    const columns = tried.map(([type], index) => `c${index} ${type}`).join(', ')
    await using scene = await Scene.open(
      database,
      `${types} create table :s.wide (id int primary key, ${columns})`,
    )
    await scene.capture('wide')
    const insert = `insert into :s.wide values (1, ${tried.map(([, sql]) => sql).join(', ')})`
    await scene.run(insert)
    await database.transaction(async (tx) => {
      await tx.script(`set local datestyle = 'German'; set local timezone = 'Asia/Kathmandu'; set local intervalstyle = 'sql_standard';
        set local extra_float_digits = -5; set local bytea_output = 'escape'; set local search_path = ''`)
      await tx.script(scene.sql(`update :s.wide set id = id`))
    })
    const expected = {
      id: 1,
      ...Object.fromEntries(tried.map(([, , recorded], index) => [`c${index}`, recorded])),
    }
    const [inserted, updated] = await scene.changes()
    expect(inserted?.new).toEqual(expected)
    expect(updated).toMatchObject({ operation: 'updated', changed: [] })
    expect(updated?.new).toEqual(expected)
  })

  test('that are stored out of line are recorded whole, the ones an update leaves alone too', async () => {
    await using scene = await Scene.open(
      database,
      'create table :s.documents (id int primary key, body text, seen boolean)',
    )
    await scene.capture('documents')
    await scene.run(`alter table :s.documents alter body set storage external;
      insert into :s.documents select 1, string_agg(md5(n::text), '') from generate_series(1, 3000) n; update :s.documents set seen = true`)
    const updated = (await scene.changes())[1]
    expect(updated?.changed).toEqual(['seen'])
    expect(String(updated?.new?.['body'])).toHaveLength(96_000)
    expect(updated?.old?.['body']).toEqual(updated?.new?.['body'])
  })

  test('keep odd names apart: quotes, upper case, white space, unicode, per cent signs and names of our own', async () => {
    await using scene = await Scene.open(
      database,
      `create table :s."Ünï ""Quoted"".Table" ("Id" int, "key""s" text, "na%me %s %1$I" text, "mr" int, "n" int, "o" int, "r" int, "s" int, "operation" text, "'; drop table x --" text, primary key ("Id", "key""s"))`,
    )
    await scene.capture('"Ünï ""Quoted"".Table"', { name: 'odd' })
    await scene.run(`insert into :s."Ünï ""Quoted"".Table" values (1, 'a"b', 'x', 2, 3, 4, 5, 6, 'op', 'z')`)
    await scene.run(`update :s."Ünï ""Quoted"".Table" set "na%me %s %1$I" = 'y', "'; drop table x --" = 'w'`)
    await scene.run(`update :s."Ünï ""Quoted"".Table" set "Id" = 2, "r" = 7`)
    await scene.run(`delete from :s."Ünï ""Quoted"".Table"`)
    const [inserted, updated, rekeyed, deleted] = await scene.changes()
    const row = {
      Id: 1,
      'key"s': 'a"b',
      'na%me %s %1$I': 'x',
      mr: 2,
      n: 3,
      o: 4,
      r: 5,
      s: 6,
      operation: 'op',
      "'; drop table x --": 'z',
    }
    expect(inserted).toMatchObject({ key: JSON.stringify(['1', 'a"b']), new: row })
    expect(updated?.changed).toEqual(['na%me %s %1$I', "'; drop table x --"])
    expect(rekeyed).toMatchObject({
      operation: 'rekeyed',
      newKey: JSON.stringify(['2', 'a"b']),
      changed: ['Id', 'r'],
    })
    expect(deleted).toMatchObject({ operation: 'deleted', key: JSON.stringify(['2', 'a"b']) })
    expect((await scene.stored())[0]?.streamId).toBe(`odd-${JSON.stringify(['1', 'a"b'])}`)
  })

  test('generated columns are recorded as they are stored', async () => {
    await using scene = await Scene.open(
      database,
      'create table :s.sums (id int generated always as identity primary key, a int, twice int generated always as (a * 2) stored)',
    )
    await scene.capture('sums')
    await scene.run('insert into :s.sums (a) values (4); update :s.sums set a = 5')
    const [inserted, updated] = await scene.changes()
    expect(inserted?.new).toEqual({ id: 1, a: 4, twice: 8 })
    expect(updated).toMatchObject({ new: { twice: 10 }, changed: ['a', 'twice'] })
  })

  test('a key that no stream can have is told apart by its hash', async () => {
    await using scene = await Scene.open(database, 'create table :s.words (word text primary key)')
    await scene.capture('words')
    await scene.run(
      `insert into :s.words values (' '), (repeat('x', 300)), ('~tilde'), (e'e\\u0301'), (e'\\u00e9'), ('plain-word')`,
    )
    const streams = (await scene.stored()).map(({ streamId }) => streamId)
    expect(new Set(streams).size).toBe(6)
    expect(streams.slice(0, 4)).toEqual(
      streams.slice(0, 4).map(() => expect.stringMatching(/^words-~[0-9a-f]{64}$/) as string),
    )
    expect(streams.slice(4)).toEqual(['words-\u00e9', 'words-plain-word'])
    expect((await scene.changes()).map(({ key }) => key)[1]).toHaveLength(300)
  })

  test('a change that is too large is handed out without its rows, and the log goes on', async () => {
    await using scene = await Scene.open(database, 'create table :s.blobs (id int primary key, body text)')
    await scene.capture('blobs')
    await scene.run(`insert into :s.blobs values (1, repeat('x', 3000)), (2, 'small')`)
    await scene.log({ maxEventBytes: 2000 })
    const [large, small] = await scene.stored()
    expect(large?.contentType).toBe('application/vnd.millrace.row-too-large+json')
    expect(JSON.parse(String(large?.payload))).toMatchObject({ key: '1', old: null, new: null, bytes: 3018 })
    expect(small?.contentType).toBe('application/json')
  })
})
