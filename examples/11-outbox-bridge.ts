// An application keeps rows of its own and writes an outbox row in the same transaction. A bridge makes an event of each
// outbox row: once, although it is killed between the append and its note of having done it.
import { createStreamId, defineEvents } from '@millrace/contracts'
import { openMemoryStore } from '@millrace/memory'
import { openPglite } from '@millrace/postgres'
import { z } from 'zod'

const Order = defineEvents({ OrderPlaced: z.object({ order: z.string(), cents: z.number() }) })

await using store = await openMemoryStore()
await using shop = await openPglite('memory')
await shop.script(`
  create table orders (id text primary key, cents int not null);
  create table outbox (id int generated always as identity primary key, order_id text not null, cents int not null);
`)

/** What the application has always done, and one insert more. */
async function placeOrder(id: string, cents: number): Promise<void> {
  await shop.transaction(async (tx) => {
    await tx.execute('insert into orders values ($1, $2)', [id, cents])
    await tx.execute('insert into outbox (order_id, cents) values ($1, $2)', [id, cents])
  })
}

interface OutboxRow {
  readonly id: number
  readonly order_id: string
  readonly cents: number
}

/** Moves what lies in the outbox. The row's id is the event's foreign id: a repeat is recognised, whatever was lost. */
async function bridge(beforeNote: (row: OutboxRow) => void): Promise<readonly string[]> {
  const done: string[] = []
  for (const row of await shop.query<OutboxRow>('select id, order_id, cents from outbox order by id')) {
    const placed = Order.OrderPlaced({ order: row.order_id, cents: row.cents })
    const receipt = await store.append(createStreamId('order', row.order_id), [placed], {
      expectedVersion: 'any',
      foreignId: { source: 'shop-outbox', id: String(row.id) },
    })
    beforeNote(row)
    await shop.execute('delete from outbox where id = $1', [row.id])
    done.push(`${row.order_id}${receipt.replayed ? ' (known)' : ''}`)
  }
  return done
}

await placeOrder('A-1', 1250)
await placeOrder('A-2', 990)
await placeOrder('A-2', 990).catch(() =>
  console.log('refused: the order and its outbox row are both not there'),
)
await placeOrder('A-3', 300)

try {
  await bridge(({ order_id }) => {
    if (order_id === 'A-2') throw new Error('killed after the append of A-2, before its note')
  })
} catch (error) {
  console.log((error as Error).message)
}
console.log('again:', await bridge(() => undefined))
for await (const { streamId, payload } of store.readAll()) console.log(streamId, payload)
console.log('left in the outbox:', (await shop.query('select id from outbox')).length)
