import type { ProcessorStore } from '@millrace/contracts'
import type { CursorKeys } from '@millrace/query'

import { checkLimit, checkOneOf, checkText } from './arguments.ts'
import { formatCursor, parseCursor } from './cursor.ts'
import { deadLetterView, deliveryView } from './ledger-views.ts'
import type { DeadLetterHistoryQuery, DeadLetterQuery, DeliveryQuery } from './management.ts'
import type { DeadLetterHistoryPage, DeadLettersPage, DeliveriesPage } from './views.ts'

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

/** What one record caused; nobody causes so much that it needs pages. */
async function deadLettersOf(
  { processors }: LedgerReader,
  recordId: string,
  { kind, processor, action }: DeadLetterQuery,
): Promise<DeadLettersPage> {
  const items = await processors.deadLetters.ofRecord(recordId)
  const deadLetters = items
    .map(deadLetterView)
    .filter(
      (item) =>
        (kind === undefined || item.kind === kind) &&
        (processor === undefined || item.processor === processor) &&
        (action === undefined || item.action === action),
    )
  return { deadLetters, next: null }
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
  checkText('action', query.action)
  checkText('recordId', query.recordId)
  const { recordId, ...narrowing } = scope
  if (recordId !== undefined) return await deadLettersOf({ processors, cursors }, recordId, narrowing)
  const bound = { ...scope, of: 'dead-letters' }
  const place = cursor === undefined ? {} : { cursor: parseCursor(cursors, bound, cursor) }
  const { items, next } = await processors.deadLetters.list({ ...narrowing, ...place, limit })
  return {
    deadLetters: items.map(deadLetterView),
    next: next === undefined ? null : formatCursor(cursors, bound, next),
  }
}

/** One page of what operators did to dead letters and parked records, newest first. */
export async function listDeadLetterHistory(
  { processors, cursors }: LedgerReader,
  query: DeadLetterHistoryQuery,
): Promise<DeadLetterHistoryPage> {
  const { cursor, limit: asked, ...scope } = query
  const limit = checkLimit(asked)
  checkText('id', query.id)
  const bound = { ...scope, of: 'dead-letter-history' }
  const place = cursor === undefined ? {} : { cursor: parseCursor(cursors, bound, cursor) }
  const { items, next } = await processors.deadLetters.history({ ...scope, ...place, limit })
  return {
    actions: items.map(({ at, ...action }) => ({ ...action, at: at.toISOString() })),
    next: next === undefined ? null : formatCursor(cursors, bound, next),
  }
}
