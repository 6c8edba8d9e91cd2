import { openPglite } from '@millrace/postgres'
import type { SqlDatabase } from '@millrace/postgres'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { sqlFile } from '../sql-file.ts'
import { Shop } from './shop.ts'
import type { OrderInput } from './shop.ts'

let database: SqlDatabase
let shop: Shop
beforeAll(async () => {
  database = await openPglite('memory')
  await database.script(sqlFile('shop'))
  shop = new Shop(database)
  await shop.saveCustomer({ shop: 'north', id: 'ada', name: 'Ada', email: 'ada@north.example' })
})
afterAll(async () => {
  await database[Symbol.asyncDispose]()
})

const line = { article: 'Kettle', pieces: 3, price: '33.33' }
const order: OrderInput = { shop: 'north', id: '1', customer: 'ada', lines: [line] }

async function counts(): Promise<unknown> {
  return await database.query(
    'select (select count(*)::int from orders) as orders, (select count(*)::int from order_lines) as lines',
  )
}

test('an order is its row and those of its lines, its total exact', async () => {
  await shop.placeOrders([{ ...order, lines: [line, { article: 'Tea', pieces: 1, price: '0.1' }] }])
  expect(await database.query('select total::text as total from orders')).toEqual([{ total: '100.09' }])
  expect(await database.query('select line, article from order_lines order by line')).toEqual([
    { line: 1, article: 'Kettle' },
    { line: 2, article: 'Tea' },
  ])
})

test('an order is shipped once', async () => {
  expect([await shop.ship('1'), await shop.ship('1'), await shop.ship('2')]).toEqual([true, false, false])
})

test.each<[OrderInput, string]>([
  [order, 'id'],
  [{ ...order, id: '2', customer: 'bob' }, 'customer'],
  [{ ...order, id: '2', shop: 'south' }, 'customer'],
  [{ ...order, id: '2', shop: 'North' }, 'shop'],
  [{ ...order, id: '2', lines: [] }, 'lines'],
  [{ ...order, id: '2', lines: [{ ...line, pieces: 0 }] }, 'lines.0.pieces'],
  [{ ...order, id: '2', lines: [{ ...line, price: '1.001' }] }, 'lines.0.price'],
])('%o is refused for its field, and nothing of all orders is placed', async (wrong, field) => {
  const before = await counts()
  const placed = shop.placeOrders([{ ...order, id: 'good' }, wrong])
  await expect(placed).rejects.toMatchObject({ code: 'ERR_INVALID_VALUE', field })
  expect(await counts()).toEqual(before)
})

test('a customer without an address is refused', async () => {
  const customer = { shop: 'north', id: 'bob', name: 'Bob', email: 'bob' }
  await expect(shop.saveCustomer(customer)).rejects.toMatchObject({ field: 'email' })
})
