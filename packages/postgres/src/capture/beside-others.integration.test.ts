import { expect, inject, test } from 'vitest'

import { Scene } from '../../fixtures/captured.ts'
import { openPg } from '../sql/pg-database.ts'
import { installCapture, removeCapture } from './captures.ts'

const orders = 'create table :s.orders (id int primary key, item text);'

test('a change log is written to by whoever may write to the table, and read by nobody but one tenant', async () => {
  await using database = await openPg({ url: inject('servers').postgres })
  await using scene = await Scene.open(database, 'create table :s.orders (id int primary key, tenant text);')
  await scene.capture('orders', { tenant: 'tenant' })
  const role = `clerk_${scene.space}`
  await scene.run(
    `create role ${role}; grant usage on schema :s, :m to ${role}; grant insert on :s.orders to ${role}`,
  )
  try {
    const as = async <Row extends object>(text: string, tenant = ''): Promise<readonly Row[]> =>
      await database.transaction(async (tx) => {
        await tx.script(`set local role ${role}; set local millrace.tenant = '${tenant}'`)
        return await tx.query<Row>(scene.sql(text))
      })
    await as(`insert into :s.orders values (1, 'a'), (2, 'b'), (3, null)`)
    expect(await scene.story()).toEqual(['inserted 1', 'inserted 2', 'inserted 3'])
    await expect(as('select * from :m.changes')).rejects.toThrow('permission denied')
    await expect(as('select :m.remove_capture($$orders$$, true)')).rejects.toThrow('permission denied')
    await scene.run(`grant select on :m.changes to ${role}`)
    expect(await as('select row_key from :m.changes')).toEqual([])
    expect(await as('select row_key from :m.changes', 'b')).toEqual([{ row_key: '2' }])
  } finally {
    await scene.run(`drop owned by ${role}; drop role ${role}`)
  }
})

test('installing a capture does not wait for ever for those who write to the table', async () => {
  await using database = await openPg({ url: inject('servers').postgres })
  await using scene = await Scene.open(database, orders)
  await scene.capture('orders')
  await removeCapture(database, { schema: scene.schema, name: 'orders' })
  await database.transaction(async (tx) => {
    await tx.execute(scene.sql('insert into :s.orders values (1)'))
    await using other = await openPg({ url: inject('servers').postgres })
    const attempt = installCapture(other, {
      table: `${scene.space}.orders`,
      schema: scene.schema,
      lockTimeoutMs: 50,
    })
    await expect(attempt).rejects.toMatchObject({ code: 'ERR_CONNECTION', retryable: true })
  })
})
