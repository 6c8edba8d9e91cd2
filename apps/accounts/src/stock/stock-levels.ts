import { keyOf } from '@millrace/contracts'
import type { SqlSession } from '@millrace/postgres'
import { defineProjection } from '@millrace/projections'

import { Stock } from './stock-events.ts'
import type { StockEvent } from './stock-events.ts'

interface Movement {
  /** What comes in, below zero what goes out. */
  readonly onHand: bigint
  readonly reserved: bigint
}

/** What an event changes of an item's quantities. */
function movementOf(event: Pick<StockEvent, 'type' | 'data'>): Movement {
  const { type, data } = event as StockEvent
  switch (type) {
    case 'ItemListed':
      return { onHand: 0n, reserved: 0n }
    case 'StockReceived':
      return { onHand: data.quantity, reserved: 0n }
    case 'StockReserved':
      return { onHand: 0n, reserved: data.quantity }
    case 'ReservationReleased':
      return { onHand: 0n, reserved: -data.quantity }
    case 'StockIssued':
      return { onHand: -data.quantity, reserved: data.reservation === null ? 0n : -data.quantity }
    default:
      return event as never
  }
}

const columns = 'sku text, version bigint, happened_at timestamptz, on_hand numeric, reserved numeric'

/** How each event changed an item's quantities. */
export const stockMovements = defineProjection({
  name: 'stock_movements',
  version: 1,
  events: Stock,
  tables: ['stock_movements'],
  script: `
    create table :stock_movements (${columns}, primary key (sku, version));
    create index on :stock_movements (sku, happened_at);
  `,
  apply: (batch, model) => {
    const rows = batch.map((event) => {
      const { onHand, reserved } = movementOf(event)
      const [on_hand, kept] = [String(onHand), String(reserved)]
      const { version, occurredAt: happened_at } = event
      return { sku: keyOf(event.streamId), version: Number(version), happened_at, on_hand, reserved: kept }
    })
    model.write(
      `insert into :stock_movements select * from json_to_recordset($1::json) as added(${columns})`,
      [JSON.stringify(rows)],
    )
  },
})

/** What there was of an item. */
export interface StockLevel {
  readonly onHand: bigint
  readonly reserved: bigint
}

/** What there was of an item by an instant, in its smallest unit. Asked of the read model. */
export async function stockLevelBy(database: SqlSession, sku: string, instant: Date): Promise<StockLevel> {
  const [row] = await database.query<{ readonly on_hand: string; readonly reserved: string }>(
    `select coalesce(sum(on_hand), 0)::text as on_hand, coalesce(sum(reserved), 0)::text as reserved
     from stock_movements where sku = $1 and happened_at <= $2`,
    [sku, instant],
  )
  return { onHand: BigInt(row?.on_hand ?? 0), reserved: BigInt(row?.reserved ?? 0) }
}
