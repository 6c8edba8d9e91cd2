import { defineEvents } from '@millrace/contracts'
import { createChangeEraser, openPostgresSubjectKeys } from '@millrace/postgres'
import { createPrivacy, definePersonalData, localKeyProvider } from '@millrace/privacy'
import { expect, test } from 'vitest'

import { openDatabase, openShop } from './support/shop.ts'

test('erasing a data subject takes its rows out of the change log', async () => {
  await using database = await openDatabase('Postgres')
  await using shop = await openShop(database)
  const { schema, table } = shop
  await database.script(
    `insert into ${table} values (1, 1, 'ann'), (2, 2, 'bob'); update ${table} set note = 'nobody' where id = 1`,
  )
  await using keys = await openPostgresSubjectKeys({ database, schema })
  const privacy = createPrivacy({
    personal: definePersonalData(defineEvents({}), {}),
    keys,
    provider: localKeyProvider([{ id: 'k1', key: new Uint8Array(32).fill(7) }]),
    erasers: [createChangeEraser({ database, schema, subjects: { orders: 'note' } })],
  })
  await privacy.erase('ann', { by: 'dpo', reason: 'asked for' })
  expect(await privacy.incompleteErasures()).toEqual([])
  const { records } = await shop.log.readBatch(await shop.log.beginning())
  expect(records.map(({ type }) => type)).toEqual(['orders.redacted', 'orders.inserted', 'orders.redacted'])
  expect(JSON.stringify(records)).not.toContain('ann')
})
