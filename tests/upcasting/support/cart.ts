import { createIdFactory, createStreamId, defineEvents } from '@millrace/contracts'
import type { NewEvent, StreamId } from '@millrace/contracts'
import { becomes, defineUpcasters, drops, part, splits } from '@millrace/upcasting'
import { z } from 'zod'

/** What a cart records today. */
const Cart = defineEvents({
  ItemAdded: { schema: z.object({ sku: z.string(), quantity: z.number() }), version: 3 },
  Closed: z.object({ why: z.string() }),
})

interface BoughtV1 {
  readonly skus: readonly string[]
}

/** Whether the upcaster of `Broken` events has been mended. */
export const mending = { done: false }

/** How what it recorded before is read today. */
export const cartUpcasters = defineUpcasters(Cart, {
  ItemAdded: {
    1: (data: { article: string }) => ({ sku: data.article }),
    2: (data: { sku: string }) => ({ sku: data.sku, quantity: 1 }),
  },
  Abandoned: { 1: becomes('Closed', 1, () => ({ why: 'abandoned' })) },
  Bought: {
    1: splits({ ItemAdded: 2, Closed: 1 }, (data: BoughtV1) => [
      ...data.skus.map((sku) => part('ItemAdded', { sku })),
      part('Closed', { why: 'bought' }),
    ]),
  },
  Broken: {
    1: becomes('Closed', 1, () => {
      if (!mending.done) throw new Error('the upcaster is broken')
      return { why: 'mended' }
    }),
  },
  Viewed: { 1: drops },
})

/** An event as an earlier release recorded it. */
export function old(type: string, data: unknown = {}, schemaVersion = 1): NewEvent {
  return { type, schemaVersion, data }
}

const mint = createIdFactory()

/** A name that nothing else uses. */
export function fresh(prefix: string): string {
  return `${prefix}_${mint().toLowerCase()}`
}

/** A stream that nothing else uses. */
export function freshCart(): StreamId {
  return createStreamId('cart', mint().toLowerCase())
}
