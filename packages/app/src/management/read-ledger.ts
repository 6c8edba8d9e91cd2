import type { ProcessorStore } from '@millrace/contracts'
import type { CursorKeys } from '@millrace/query'

import { checkLimit, checkOneOf, checkText } from './arguments.ts'
import { formatCursor, parseCursor } from './cursor.ts'
import { deadLetterView, deliveryView } from './ledger-views.ts'
import type { DeadLetterQuery, DeliveryQuery } from './management.ts'
import type { DeadLettersPage, DeliveriesPage } from './views.ts'

/** Where the ledger is read from. */
export interface LedgerReader {
  readonly processors: ProcessorStore
  readonly cursors: CursorKeys
}

const deliveryStates = ['open', 'retrying', 'unknown', 'delivered', 'dead', 'cancelled']

/** One page of deliveries, newest first. */
export async function listDeliveriesPage(
  { processors, cursors }: LedgerReader,
  query: DeliveryQuery,
): Promise<DeliveriesPage> {
  const { cursor, limit: asked, ...scope } = query
  const limit = checkLimit(asked)
  checkOneOf('state', query.state, deliveryStates)
  checkText('processor', query.processor)
  const bound = { ...scope, of: 'deliveries' }
  const place = cursor === undefined ? {} : { cursor: parseCursor(cursors, bound, cursor) }
  const { items, next } = await processors.listDeliveries({ ...scope, ...place, limit })
  return {
    deliveries: items.map(deliveryView),
    next: next === undefined ? null : formatCursor(cursors, bound, next),
  }
}

/** One page of dead letters and parked records, oldest first. */
export async function listDeadLettersPage(
  { processors, cursors }: LedgerReader,
  query: DeadLetterQuery,
): Promise<DeadLettersPage> {
  const { cursor, limit: asked, ...scope } = query
  const limit = checkLimit(asked)
  checkOneOf('kind', query.kind, ['delivery', 'parked'])
  checkText('processor', query.processor)
  const bound = { ...scope, of: 'dead-letters' }
  const place = cursor === undefined ? {} : { cursor: parseCursor(cursors, bound, cursor) }
  const { items, next } = await processors.deadLetters.list({ ...scope, ...place, limit })
  return {
    deadLetters: items.map(deadLetterView),
    next: next === undefined ? null : formatCursor(cursors, bound, next),
  }
}
