import { createAggregates, defineDecider, reject } from '@millrace/aggregates'
import { defineApp, defineAppIndex } from '@millrace/app'
import type { AppDefinition, AppObserverOptions, ObserverContext } from '@millrace/app'
import { defineEvents } from '@millrace/contracts'
import { defineActionKind } from '@millrace/observers'
import type { ObserverDefinition } from '@millrace/observers'
import { z } from 'zod'

export const Customers = defineEvents({ 'order-counted': z.object({ order: z.string() }) })

const customerDecider = defineDecider(Customers, {
  initial: () => 0,
  decide: (_count, { order }: { readonly order: string }) =>
    order === 'refused' ? reject('no-more', 'no more orders') : [Customers['order-counted']({ order })],
  evolve: { 'order-counted': (count) => count + 1 },
})

export const ordersIndex = defineAppIndex({
  definition: {
    name: 'orders',
    version: 1,
    fields: { customer: { kind: 'keyword' }, total: { kind: 'number' } },
  },
})

const script = `
  create table if not exists orders (id text primary key, customer text not null, total numeric not null, card text, tenant text);
  create table if not exists sent (line text not null);
  create table if not exists keyed (line text not null, key text primary key)`

/** What an action of the test's own got. */
interface Noted {
  readonly text: string
  readonly key: string
}

/** A shop whose orders are rows. */
export interface Shop {
  readonly definition: AppDefinition
  readonly noted: Noted[]
  /** Texts that the test's own action refuses. */
  readonly refused: Set<string>
}

/** A shop with these rules; actions `note` and `refuse` are its own. */
export function createShop(
  rules: readonly ObserverDefinition[],
  more: Partial<AppObserverOptions> = {},
): Shop {
  const noted: Noted[] = []
  const refused = new Set<string>()
  const note = defineActionKind({
    kind: 'note',
    prepare: (settings) => {
      const text = settings.template('text', 'text')
      return {
        render: (values) => text?.render(values) ?? '',
        send: async (rendered, { idempotencyKey }) => {
          if (refused.has(rendered)) throw new Error('refused')
          noted.push({ text: rendered, key: idempotencyKey })
        },
      }
    },
  })
  const definition = defineApp({
    name: 'shop',
    readModels: [{ name: 'shop', script }],
    captures: [{ table: 'orders', exclude: ['card'], tenant: 'tenant' }],
    searchIndexes: [ordersIndex],
    observers: ({ store }: ObserverContext) => ({
      rules,
      kinds: [note],
      aggregates: { customer: createAggregates({ store, category: 'customer', decider: customerDecider }) },
      ...more,
    }),
  })
  return { definition, noted, refused }
}
