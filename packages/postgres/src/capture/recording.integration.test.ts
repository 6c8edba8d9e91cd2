import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { Scene } from '../../fixtures/captured.ts'
import { drivers } from '../../fixtures/databases.ts'
import type { SqlDatabase } from '../sql/sql-database.ts'

const orders = 'create table :s.orders (id int primary key, item text, secret text, tenant text);'

describe.for(drivers)('changes of a captured table on %s', ([, open]) => {
  let database: SqlDatabase

  beforeAll(async () => {
    database = await open()
  })
  afterAll(async () => {
    await database[Symbol.asyncDispose]()
  })

  test('hold the old and the new row, the key, the changed columns, the tenant and the transaction', async () => {
    await using scene = await Scene.open(database, orders)
    await scene.capture('orders', { tenant: 'tenant', exclude: ['secret'] })
    await scene.run(`insert into :s.orders values (1, 'tea', 'hidden', 'a')`)
    await scene.run(`update :s.orders set item = 'coffee', secret = 'other' where id = 1`)
    await scene.run('delete from :s.orders')
    const tea = { id: 1, item: 'tea', tenant: 'a' }
    const coffee = { ...tea, item: 'coffee' }
    const common = { table: 'orders', key: '1', transaction: expect.stringMatching(/^\d+$/) as string }
    expect(await scene.changes()).toEqual([
      { ...common, operation: 'inserted', old: null, new: tea, changed: [] },
      { ...common, operation: 'updated', old: tea, new: coffee, changed: ['item'] },
      { ...common, operation: 'deleted', old: coffee, new: null, changed: [] },
    ])
    const stored = await scene.stored()
    expect(stored.map(({ type, streamId, metadata }) => [type, streamId, metadata])).toEqual(
      ['inserted', 'updated', 'deleted'].map((what) => [`orders.${what}`, 'orders-1', { tenant: 'a' }]),
    )
    expect(JSON.stringify(await database.query(scene.sql('select * from :m.changes')))).not.toContain(
      'hidden',
    )
  })

  test('an excluded column shows neither its values nor that it was the one that changed', async () => {
    await using scene = await Scene.open(database, orders)
    await scene.capture('orders', { exclude: ['secret'] })
    await scene.run(`insert into :s.orders values (1, 'tea', 'hidden', 'a')`)
    await scene.run(`update :s.orders set secret = 'hidden too'`)
    expect((await scene.changes())[1]).toMatchObject({ operation: 'updated', changed: [] })
    const dump = await database.query(scene.sql('select c::text as row from :m.changes c'))
    expect(JSON.stringify(dump)).not.toContain('hidden')
  })

  test('are recorded for statements of many rows, ON CONFLICT, MERGE, CTEs and COPY-like loads', async () => {
    await using scene = await Scene.open(database, orders)
    await scene.capture('orders')
    await scene.run(`insert into :s.orders select n, 'tea' from generate_series(1, 3) n`)
    await scene.run(
      `insert into :s.orders values (3, 'x'), (4, 'y') on conflict (id) do update set item = excluded.item`,
    )
    await scene.run('insert into :s.orders values (4) on conflict do nothing')
    await scene.run('update :s.orders set item = null where id > 100')
    await scene.run(`merge into :s.orders o using (values (1), (2), (9)) v (id) on o.id = v.id
      when matched and o.id = 1 then delete when matched then update set item = 'merged' when not matched then insert (id) values (v.id)`)
    await scene.run(
      `with gone as (delete from :s.orders where id = 2 returning *) insert into :s.orders select id + 100, item from gone`,
    )
    expect((await scene.story()).toSorted()).toEqual(
      [
        'inserted 1',
        'inserted 2',
        'inserted 3',
        'inserted 4',
        'updated 3',
        'deleted 1',
        'updated 2',
        'inserted 9',
        'deleted 2',
        'inserted 102',
      ].toSorted(),
    )
  })

  test('a TRUNCATE is recorded, of every table it reaches', async () => {
    await using scene = await Scene.open(
      database,
      `${orders} create table :s.lines (id int primary key, of int references :s.orders);`,
    )
    await scene.capture('orders')
    await scene.capture('lines')
    await scene.run('insert into :s.orders values (1); insert into :s.lines values (1, 1)')
    await scene.run('truncate :s.orders cascade')
    const types = (await scene.stored()).map(({ type, streamId }) => `${type} ${streamId}`)
    expect(types.slice(2).toSorted()).toEqual([
      'lines.truncated lines-~table',
      'orders.truncated orders-~table',
    ])
  })

  test('a changed primary key is recorded as such, also where keys move up in one statement', async () => {
    await using scene = await Scene.open(database, orders)
    await scene.capture('orders')
    await scene.run(`insert into :s.orders values (1, 'one'), (2, 'two'), (7, 'seven')`)
    await scene.run(`update :s.orders set id = case when id < 7 then -id else id end, item = item || '!'`)
    const changes = (await scene.changes()).slice(3)
    const byKey = changes.toSorted((a, b) => Number(a.key) - Number(b.key))
    expect(byKey).toEqual([
      expect.objectContaining({ operation: 'rekeyed', key: '1', newKey: '-1', changed: ['id', 'item'] }),
      expect.objectContaining({ operation: 'rekeyed', key: '2', newKey: '-2' }),
      expect.objectContaining({ operation: 'updated', key: '7', changed: ['item'] }),
    ])
    expect(byKey[0]).toMatchObject({ old: { id: 1, item: 'one' }, new: { id: -1, item: 'one!' } })
    await scene.run(
      'delete from :s.orders where id > 0; update :s.orders set id = id - 1 where id = -2; update :s.orders set id = id - 1',
    )
    expect((await scene.story()).slice(-3)).toEqual(['rekeyed -2 -3', 'rekeyed -1 -2', 'rekeyed -3 -4'])
    expect(await database.query(scene.sql('select * from :m.change_rekeys'))).toEqual([])
  })

  test('a row whose key another row had before in the same statement is not taken for it', async () => {
    await using scene = await Scene.open(database, `create table :s.orders (id int primary key, item text)`)
    await scene.capture('orders')
    await scene.run(`insert into :s.orders values (2, 'two'), (1, 'one')`)
    // Rows are visited in the order in which they lie: 2 becomes 3 before 1 becomes 2.
    await scene.run('update :s.orders set id = id + 1')
    expect((await scene.changes()).slice(2)).toEqual([
      expect.objectContaining({ operation: 'rekeyed', key: '2', newKey: '3', new: { id: 3, item: 'two' } }),
      expect.objectContaining({ operation: 'rekeyed', key: '1', newKey: '2', new: { id: 2, item: 'one' } }),
    ])
  })

  test('what is rolled back is not recorded, to a savepoint or as a whole', async () => {
    await using scene = await Scene.open(database, orders)
    await scene.capture('orders')
    await database.transaction(async (tx) => {
      await tx.script(
        scene.sql('insert into :s.orders values (1); savepoint a; insert into :s.orders values (2)'),
      )
      await tx.script(
        scene.sql(
          'update :s.orders set id = 5 where id = 1; rollback to a; insert into :s.orders values (3)',
        ),
      )
    })
    await expect(scene.run('insert into :s.orders values (8); select 1 / 0')).rejects.toThrow('division')
    await scene.run('insert into :s.orders values (9)')
    await expect.poll(async () => await scene.story()).toEqual(['inserted 1', 'inserted 3', 'inserted 9'])
  })

  test('a statement that a trigger runs comes after the one that fired it, in the order of the row', async () => {
    await using scene = await Scene.open(
      database,
      `${orders}
      create table :s.audit (id serial primary key, what text);
      create function :s.stamp() returns trigger language plpgsql as $$ begin
        update :s.orders set item = 'stamped' where id = new.id; insert into :s.audit (what) values (new.id); return null; end $$;
      create trigger stamp after insert on :s.orders for each row execute function :s.stamp();`,
    )
    await scene.capture('orders')
    await scene.capture('audit')
    await scene.run(`insert into :s.orders values (1, 'raw'), (2, 'raw')`)
    const order = (await scene.stored()).map(({ type, streamId }) => `${type} ${streamId}`)
    expect(order.slice(0, 2)).toEqual(['orders.inserted orders-1', 'orders.inserted orders-2'])
    expect(order.slice(2)).toEqual([
      'orders.updated orders-1',
      'audit.inserted audit-1',
      'orders.updated orders-2',
      'audit.inserted audit-2',
    ])
    expect(
      (await database.query(scene.sql(`select current_setting(':m.pending_changes', true) as rest`)))[0],
    ).toEqual({ rest: '' })
  })

  test('rows that a cascade deletes come after the row that is their cause', async () => {
    await using scene = await Scene.open(
      database,
      `create table :s.nodes (id int primary key, parent int references :s.nodes on delete cascade);`,
    )
    await scene.capture('nodes')
    await scene.run(
      'insert into :s.nodes values (1, null), (2, 1), (3, 2); delete from :s.nodes where id = 1',
    )
    expect((await scene.story()).slice(3)).toEqual(['deleted 1', 'deleted 2', 'deleted 3'])
  })

  test('are also recorded under session_replication_role replica', async () => {
    await using scene = await Scene.open(database, orders)
    await scene.capture('orders')
    await database.transaction(async (tx) => {
      await tx.script(
        scene.sql('set local session_replication_role = replica; insert into :s.orders values (1)'),
      )
    })
    expect(await scene.story()).toEqual(['inserted 1'])
  })

  test('a statement of very many rows makes several commits, none larger than a hundred', async () => {
    await using scene = await Scene.open(database, orders)
    await scene.capture('orders')
    await scene.run('insert into :s.orders select n from generate_series(1, 250) n')
    const stored = await scene.stored()
    const sizes = Map.groupBy(stored, ({ position }) => position.commit)
    expect([...sizes.values()].map(({ length }) => length)).toEqual([100, 100, 50])
    expect(stored.map(({ streamId }) => streamId)).toEqual(
      Array.from({ length: 250 }, (_, i) => `orders-${i + 1}`),
    )
    const log = await scene.log()
    expect((await log.readBatch(await log.beginning(), { maxRecords: 1 })).records).toHaveLength(100)
    expect((await log.readBatch(await log.beginning(), { maxRecords: 101 })).records).toHaveLength(200)
  })

  test('partitioned tables are captured whole: by their own name, by that of a partition, and rows that move', async () => {
    await using scene = await Scene.open(
      database,
      `create table :s.sales (region text, id int, amount int, primary key (region, id)) partition by list (region);
      create table :s.sales_eu partition of :s.sales for values in ('eu');
      create table :s.sales_us partition of :s.sales for values in ('us');`,
    )
    await scene.capture('sales')
    await scene.run(`insert into :s.sales values ('eu', 1, 10), ('us', 1, 10)`)
    await scene.run(`insert into :s.sales_eu values ('eu', 2, 20)`)
    await scene.run(`update :s.sales set amount = 11 where id = 1`)
    await scene.run(`update :s.sales set region = 'us' where id = 2`)
    await scene.run(`update :s.sales set id = 5 where id = 2`)
    const changes = await scene.changes()
    expect(changes.slice(0, 3).map(({ key, part }) => [key, part])).toEqual([
      ['["eu","1"]', undefined],
      ['["us","1"]', undefined],
      ['["eu","2"]', `${scene.space}.sales_eu`],
    ])
    expect((await scene.story()).slice(3).map((line) => line.replaceAll('"', ''))).toEqual([
      'updated [eu,1]',
      'updated [us,1]',
      'deleted [eu,2]',
      'inserted [us,2]',
      'rekeyed [us,2] [us,5]',
    ])
    const stored = (await scene.stored()).slice(5, 7)
    expect(stored.map(({ position }) => position.index)).toEqual([0, 1])
  })
})
