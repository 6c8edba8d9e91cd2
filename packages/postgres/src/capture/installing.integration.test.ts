import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { Scene } from '../../fixtures/captured.ts'
import { drivers } from '../../fixtures/databases.ts'
import type { SqlDatabase } from '../sql/sql-database.ts'
import { inspectCapture, listCaptures, removeCapture, repairCapture } from './captures.ts'

const orders = 'create table :s.orders (id int primary key, item text, secret text);'

/** Everything in the user's schema, and what outside of Millrace's schema depends on it. */
async function catalog(scene: Scene): Promise<unknown> {
  return await scene.database.query(
    `select relname, (select json_agg(json_build_object('t', tgname, 'on', tgenabled) order by tgname)::text from pg_trigger where tgrelid = c.oid) as triggers,
      relrowsecurity, relhastriggers and exists (select from pg_trigger where tgrelid = c.oid) as fires,
      (select json_agg(attname order by attnum)::text from pg_attribute where attrelid = c.oid) as columns
     from pg_class c where relnamespace = $1::regnamespace order by relname`,
    [scene.space],
  )
}

describe.for(drivers)('a capture on %s', ([, open]) => {
  let database: SqlDatabase

  beforeAll(async () => {
    database = await open()
  })
  afterAll(async () => {
    await database[Symbol.asyncDispose]()
  })

  test('is installed once, listed, inspected, and leaves no trace when it is removed', async () => {
    await using scene = await Scene.open(database, orders)
    const [schema, before] = [scene.schema, await catalog(scene)]
    const capture = await scene.capture('orders', { exclude: ['secret'], tenant: 'item' })
    expect(capture).toMatchObject({
      name: 'orders',
      table: `${scene.space}.orders`,
      key: ['id'],
      excluded: ['secret'],
      tenant: 'item',
      faults: [],
    })
    expect(await scene.capture('orders', { exclude: ['secret'], tenant: 'item' })).toEqual(capture)
    await expect(scene.capture('orders')).rejects.toThrow(
      'is captured already, as orders and with other settings',
    )
    expect(await listCaptures(database, { schema })).toEqual([capture])
    expect(await inspectCapture(database, { schema, name: 'orders' })).toEqual(capture)
    expect(await inspectCapture(database, { schema, name: 'others' })).toBeUndefined()
    expect(await repairCapture(database, { schema, name: 'others' })).toBeUndefined()
    await scene.run('insert into :s.orders values (1)')
    expect(await removeCapture(database, { schema, name: 'orders' })).toBe(true)
    await scene.run('insert into :s.orders values (2)')
    expect(await scene.story()).toEqual(['inserted 1'])
    expect(await removeCapture(database, { schema, name: 'orders', deleteChanges: true })).toBe(false)
    expect([await scene.story(), await listCaptures(database, { schema })]).toEqual([[], []])
    expect(await catalog(scene)).toEqual(before)
    const left = `select proname::text from pg_proc where pronamespace = $1::regnamespace and proname ~ '^capture_[0-9]'`
    expect(await database.query(left, [schema])).toEqual([])
  })

  test('names what it cannot do rightly, and changes nothing', async () => {
    await using scene = await Scene.open(
      database,
      `${orders} create table :s.keyless (id int); create view :s.seen as select 1 as id; create unlogged table :s.fleeting (id int primary key);
      create table :s.parent (id int primary key); create table :s.child () inherits (:s.parent);
      create table :s.late (id int primary key deferrable); create table :s."Upper" (id int primary key);
      create table :s.parts (id int primary key) partition by range (id); create table :s.part partition of :s.parts default;
      create table :s.wide (id int primary key);`,
    )
    await scene.run(
      `do $$ begin for i in 1 .. 1599 loop execute 'alter table :s.wide add c' || i || ' int'; end loop; end $$`,
    )
    const refused: readonly (readonly [string, object, string])[] = [
      ['keyless', {}, 'has no primary key'],
      ['seen', {}, 'is no table'],
      ['fleeting', {}, 'is unlogged'],
      ['parent', {}, 'takes part in inheritance'],
      ['child', {}, 'takes part in inheritance'],
      ['late', {}, 'deferrable primary key'],
      ['part', {}, 'is a partition of'],
      ['wide', {}, 'has more than 500 columns'],
      ['"Upper"', {}, 'must be [a-z]'],
      ['nothing', {}, 'there is no table'],
      // Some versions of Postgres say what is wrong with it, others that there is none.
      ['orders" x', {}, ''],
      ['orders', { exclude: ['none'] }, 'has no column'],
      ['orders', { exclude: ['id'] }, 'cannot exclude a column of its primary key'],
      ['orders', { exclude: ['secret'], tenant: 'secret' }, 'cannot exclude the tenant column'],
      ['orders', { tenant: 'none' }, 'has no column'],
      ['orders', { name: 'Bad-Name' }, 'must be [a-z]'],
      ['orders', { lockTimeoutMs: 0 }, 'must be a whole number from 1'],
    ]
    for (const [table, options, reason] of refused) {
      const attempt = scene.capture(table, options)
      await expect(attempt, `${table} ${JSON.stringify(options)}`).rejects.toMatchObject({
        code: 'ERR_CONFIGURATION',
        message: expect.stringContaining(reason) as string,
      })
    }
    expect(await listCaptures(database, { schema: scene.schema })).toEqual([])
    const wide = Array.from({ length: 1100 }, (_, i) => `c${i + 1}`)
    await scene.capture('wide', { exclude: wide })
    await scene.run('insert into :s.wide (id) values (1); update :s.wide set c1599 = 1')
    expect((await scene.changes())[1]?.changed).toEqual(['c1599'])
    await scene.capture('orders')
    await expect(scene.capture('"Upper"', { name: 'orders' })).rejects.toThrow(
      'cannot be called orders: that is',
    )
  })

  test('shows every way in which its table has drifted, and is repaired', async () => {
    await using scene = await Scene.open(
      database,
      'create table :s.orders (id int, item text, secret text, note text, primary key (id));',
    )
    const [schema, name] = [scene.schema, 'orders']
    await scene.capture('orders', { exclude: ['secret'] })
    const faults = async (): Promise<readonly string[]> =>
      ((await inspectCapture(database, { schema, name }))?.faults ?? []).map(({ kind: what, subject }) =>
        `${what} ${subject}`.replaceAll(scene.space, 's').replaceAll(schema, 'm'),
      )
    const drift: readonly (readonly [string, readonly string[]])[] = [
      ['alter table :s.orders add extra int', ['column-added extra']],
      ['alter table :s.orders drop note', ['column-dropped note']],
      ['alter table :s.orders rename item to goods', ['column-renamed item is goods']],
      ['alter table :s.orders alter extra type bigint', ['column-retyped extra']],
      ['alter table :s.orders rename to purchases', ['table-renamed s.purchases']],
      [
        'alter table :s.purchases disable trigger :m_1_delete',
        ['trigger-disabled m_1_delete on s.purchases'],
      ],
      ['drop trigger :m_1_rekeyed on :s.purchases', ['trigger-missing m_1_rekeyed on s.purchases']],
      [
        'alter table :s.purchases drop constraint orders_pkey cascade, add primary key (id, extra)',
        ['key-changed id, extra'],
      ],
      [
        `create function :s.f() returns trigger language plpgsql as 'begin return null; end'; create trigger f after insert on :s.purchases for each row execute function :s.f()`,
        ['trigger-missing m_1_opening on s.purchases'],
      ],
    ]
    for (const [ddl, expected] of drift) {
      await scene.run(ddl.replaceAll(':m_1', `${schema}_1`))
      expect(await faults()).toEqual(expect.arrayContaining([...expected]))
      expect((await repairCapture(database, { schema, name }))?.faults).toEqual([])
    }
    await scene.run(`insert into :s.purchases (id, goods, secret, extra) values (1, 'tea', 'x', 2)`)
    expect(await scene.changes()).toMatchObject([
      { key: '["1","2"]', new: { id: 1, goods: 'tea', extra: '2' } },
    ])
    await scene
      .run('alter table :s.purchases drop constraint orders_pkey, drop constraint if exists purchases_pkey')
      .catch(async () => {
        await scene.run('alter table :s.purchases drop constraint purchases_pkey')
      })
    expect(await faults()).toContain('refused has no primary key')
    await expect(repairCapture(database, { schema, name })).rejects.toThrow(
      'capture orders: has no primary key',
    )
    await scene.run('drop table :s.purchases')
    expect(await faults()).toEqual(['table-dropped s.purchases'])
    await scene.run('create table :s.purchases (id int primary key)')
    expect(await faults()).toEqual(['table-replaced s.purchases'])
    await expect(repairCapture(database, { schema, name })).rejects.toThrow('does not exist any more')
    expect(await removeCapture(database, { schema, name })).toBe(true)
  })

  test('is repaired in the transaction that alters its table, so that no write in between fails', async () => {
    await using scene = await Scene.open(database, orders)
    await scene.capture('orders')
    await scene.run('insert into :s.orders values (1)')
    await database.transaction(async (tx) => {
      await tx.script(
        scene.sql(`alter table :s.orders rename item to goods; select :m.repair_capture('orders')`),
      )
    })
    await scene.run(`insert into :s.orders (id, goods) values (2, 'tea')`)
    expect((await scene.changes())[1]?.new).toMatchObject({ id: 2, goods: 'tea' })
  })

  test('a partition that comes later is a fault until the capture is repaired', async () => {
    await using scene = await Scene.open(
      database,
      `create table :s.sales (id int primary key) partition by range (id); create table :s.low partition of :s.sales for values from (0) to (10);`,
    )
    const { schema } = scene
    await scene.capture('sales')
    await scene.run(
      'create table :s.high partition of :s.sales for values from (10) to (20); insert into :s.sales values (11)',
    )
    const kinds = (await inspectCapture(database, { schema, name: 'sales' }))?.faults.map(
      (fault) => fault.kind,
    )
    expect(new Set(kinds)).toEqual(new Set(['trigger-missing']))
    expect((await repairCapture(database, { schema, name: 'sales' }))?.faults).toEqual([])
    await scene.run('insert into :s.high values (12); truncate :s.high')
    expect((await scene.changes()).map(({ operation, key, part }) => [operation, key, part])).toEqual([
      ['inserted', '11', undefined],
      ['inserted', '12', `${scene.space}.high`],
      ['truncated', null, `${scene.space}.high`],
    ])
  })
})
