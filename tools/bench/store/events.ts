import { createIdFactory, createStreamId } from '@millrace/contracts'
import type { NewEvent, StreamId } from '@millrace/contracts'

const mint = createIdFactory()

/** Data that is 321 bytes as JSON, the size all our limits were measured with. */
function orderLine(i: number): Readonly<Record<string, unknown>> {
  const order = `order-${i % 1000}`
  return {
    id: `01JABCDEFGHJKMNPQRSTVWX${String(i % 1000).padStart(3, '0')}`,
    type: 'OrderLineAdded',
    stream: order,
    version: i,
    time: '2026-11-21T00:00:00.000Z',
    data: {
      orderId: order,
      sku: 'SKU-000042',
      qty: 3,
      price: 1999,
      currency: 'EUR',
      note: 'gift wrap please',
    },
    meta: { correlationId: 'c-8f14e45f', causationId: 'k-c9f0f895', user: 'u-45c48cce' },
  }
}

/** Its type, also in the yardsticks' tables. */
export const eventType = 'OrderLineAdded'

/** Events as an application hands them over, their ids left to the store. */
export function newEvents(count: number): readonly NewEvent[] {
  return Array.from({ length: count }, (_, i) => ({ type: eventType, data: orderLine(i) }))
}

/** Events with ids of their own. */
export function eventsWithIds(count: number): readonly NewEvent[] {
  return newEvents(count).map((event) => ({ ...event, id: mint() }))
}

/** The data of events as JSON text, made beforehand. */
export function payloads(count: number): readonly string[] {
  return Array.from({ length: count }, (_, i) => JSON.stringify(orderLine(i)))
}

/** Streams nobody has used before. */
export function streamIds(category: string): () => StreamId {
  let used = 0
  return () => createStreamId(category, String((used += 1)))
}
