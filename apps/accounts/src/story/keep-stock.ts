import type { Position } from '@millrace/contracts'

import { stockCommand } from '../stock/stock-commands.ts'
import type { StockCommandInput } from '../stock/stock-commands.ts'
import { availableOf } from '../stock/stock-state.ts'
import type { Scene } from './scene.ts'
import { told } from './told.ts'

const life: readonly (readonly [what: string, command: StockCommandInput])[] = [
  ['listed', { type: 'listItem', name: 'Tea caddy', unit: 'piece', at: '2025-10-01T08:00:00.000Z' }],
  [
    '120 received',
    { type: 'receive', quantity: '120', reference: 'delivery 17', at: '2025-10-06T09:00:00.000Z' },
  ],
  [
    '80 promised',
    { type: 'reserve', reservation: 'order-4', quantity: '80', at: '2025-10-10T09:00:00.000Z' },
  ],
  [
    '50 more promised',
    { type: 'reserve', reservation: 'order-5', quantity: '50', at: '2025-10-10T10:00:00.000Z' },
  ],
  [
    'half a piece issued',
    { type: 'issue', quantity: '0.5', reference: 'order-6', at: '2025-10-11T10:00:00.000Z' },
  ],
  ['40 issued', { type: 'issue', quantity: '40', reference: 'order-6', at: '2025-10-14T10:00:00.000Z' }],
  [
    '50 of the promised issued',
    {
      type: 'issue',
      quantity: '50',
      reservation: 'order-4',
      reference: 'order-4',
      at: '2025-10-20T10:00:00.000Z',
    },
  ],
  ['the rest set free', { type: 'release', reservation: 'order-4', at: '2025-10-21T10:00:00.000Z' }],
]

/** An item is received, promised and issued; what is promised is nobody else's. */
export async function keepStock({ items, projections, id, say }: Scene): Promise<void> {
  const sku = id('SKU-1234')
  let last: Position | undefined
  for (const [what, command] of life) {
    const result = await items.handle(sku, stockCommand(command))
    if (result.kind === 'accepted') last = result.position
    say(told(what, result))
  }
  if (last !== undefined) await projections.reached('stock_movements', last)
  const { state } = await items.load(sku)
  say(`now ${state.onHand} on hand, ${availableOf(state)} free`)
}
