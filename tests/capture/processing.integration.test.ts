import { defineRowChanges } from '@millrace/contracts'
import { pruneChanges } from '@millrace/postgres'
import type { SqlDatabase } from '@millrace/postgres'
import { defineAction, defineProcessor } from '@millrace/processing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'

import { kinds, openDatabase, openShop } from './support/shop.ts'

const Orders = defineRowChanges(
  'orders',
  z.object({ id: z.int(), total: z.string().nullable(), note: z.string().nullable() }),
)

describe.each(kinds)('a processor that reads the change log on %s', (kind) => {
  let database: SqlDatabase

  beforeAll(async () => {
    database = await openDatabase(kind)
  })
  afterAll(async () => {
    await database[Symbol.asyncDispose]()
  })

  test('handles typed changes in the order of each row, in partitions, from a checkpoint on', async () => {
    await using shop = await openShop(database)
    const seen = new Map<string, string[]>()
    const processor = defineProcessor({
      name: 'totals',
      startFrom: 'beginning',
      partitions: 4,
      filter: { types: Orders.types },
      handle: (batch) => {
        for (const { data } of batch.map((envelope) => Orders.parse(envelope)))
          if (data.operation !== 'truncated')
            seen.set(data.key, [...(seen.get(data.key) ?? []), data.new?.total ?? data.operation])
      },
    })
    const write = async (from: number, to: number): Promise<void> => {
      for (let n = from; n <= to; n++) await shop.database.script(`update ${shop.table} set total = ${n}`)
    }
    await shop.database.script(`insert into ${shop.table} select n, 0 from generate_series(1, 20) n`)
    await write(1, 3)
    {
      await using first = shop.run(processor)
      await first.start()
      expect(await first.reached('totals', await shop.log.head())).toBe(true)
    }
    await write(4, 6)
    await shop.database.script(`delete from ${shop.table} where id = 20`)
    await using second = shop.run(processor)
    await second.start()
    expect(await second.reached('totals', await shop.log.head())).toBe(true)
    expect(seen.size).toBe(20)
    for (const [key, totals] of seen)
      expect(totals).toEqual(['0', '1', '2', '3', '4', '5', '6', ...(key === '20' ? ['deleted'] : [])])
    expect(
      (await pruneChanges(shop.database, { schema: shop.schema, olderThanMs: 0 })).heldBy,
    ).toBeUndefined()
  })

  test('trap 6: parks a change that is too large, or that breaks its schema, and goes on', async () => {
    await using shop = await openShop(database, 1_000)
    const keys: (string | null)[] = []
    const processor = defineProcessor({
      name: 'strict',
      startFrom: 'beginning',
      retry: { maxAttempts: 1 },
      handle: (batch) => {
        keys.push(...batch.map((envelope) => Orders.parse(envelope).data.key))
      },
    })
    await shop.database.script(
      `insert into ${shop.table} values (1, 1, repeat('x', 5000)); insert into ${shop.table} values (2, 2, 'fits')`,
    )
    await using runtime = shop.run(processor)
    await runtime.start()
    expect(await runtime.reached('strict', await shop.log.head())).toBe(true)
    expect(keys).toEqual(['2'])
    const { items } = await shop.store.deadLetters.list()
    expect(items).toHaveLength(1)
    expect(JSON.stringify(items)).toContain('row-too-large')
  })

  test('delivers from a change that is in the log still, however old: open deliveries keep it', async () => {
    await using shop = await openShop(database)
    const sent: string[] = []
    let isUp = false
    const send = defineAction({
      name: 'send',
      retry: { maxAttempts: 50, initialMs: 20, capMs: 20 },
      execute: async ({ envelope }) => {
        if (!isUp) throw new Error('the receiver is down')
        sent.push(String(Orders.parse(envelope).data.key))
      },
    })
    const processor = defineProcessor({
      name: 'sender',
      startFrom: 'beginning',
      actions: [send],
      handle: (batch, context) => {
        for (const envelope of batch) context.deliver('send', envelope)
      },
    })
    await shop.database.script(`insert into ${shop.table} values (7, 1, null)`)
    await using runtime = shop.run(processor)
    await runtime.start()
    expect(await runtime.reached('sender', await shop.log.head())).toBe(true)
    expect(await pruneChanges(shop.database, { schema: shop.schema, olderThanMs: 0 })).toEqual({
      changes: 0,
      heldBy: 'sender',
    })
    isUp = true
    await expect.poll(() => sent, { timeout: 15_000 }).toEqual(['7'])
    await expect
      .poll(async () => await pruneChanges(shop.database, { schema: shop.schema, olderThanMs: 0 }), {
        timeout: 15_000,
      })
      .toEqual({ changes: 1, heldBy: undefined })
  })
})
