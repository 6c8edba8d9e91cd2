import { defineApp, defineAppIndex, defineJob } from '@millrace/app'
import type { AppDefinition } from '@millrace/app'
import { defineObserver } from '@millrace/observers'
import type { ObserverAction } from '@millrace/observers'
import { z } from 'zod'

/** What the app does for each order, by the server it goes to. */
export const actions = ['steady', 'fragile', 'find', 'mail', 'remember'] as const

/** One of them. */
export type ShopAction = (typeof actions)[number]

/** Where the app's webhooks go, and what its jobs do. */
export interface ShopSurroundings {
  /** Of two receivers: one that is always there, one that fails on demand. */
  readonly steady: string
  readonly fragile: string
  readonly onMail: (order: number) => void
  /** Milliseconds an attempt at a receiver may take. */
  readonly timeoutMs: number
  /** Milliseconds a circuit stays open before a probe. */
  readonly openMs: number
}

const Row = z.object({ id: z.int(), total: z.int() })
const retry = { initialMs: 50, capMs: 500, maxAttempts: 1_000 } as const

/** An app that tells five places of each order: two receivers, the search index, a queue, the cache. */
export function shopApp({ steady, fragile, onMail, timeoutMs, openMs }: ShopSurroundings): AppDefinition {
  const common = { retry, order: 'none', concurrency: 32 } as const
  const webhook = (name: ShopAction, url: string): ObserverAction => ({
    ...common,
    action: 'webhook',
    name,
    timeoutMs,
    url: `${url}/${name}`,
    body: { id: '{{ new.id }}' },
  })
  return defineApp({
    name: 'outages',
    readModels: [
      {
        name: 'orders',
        script: 'create table if not exists orders (id int primary key, total int not null)',
      },
    ],
    captures: [{ table: 'orders' }],
    searchIndexes: [
      defineAppIndex({ definition: { name: 'orders', version: 1, fields: { note: { kind: 'keyword' } } } }),
    ],
    jobs: {
      mail: defineJob({
        schema: z.object({ id: z.int() }),
        concurrency: 8,
        retry: { maxAttempts: 20, initialMs: 50, maxMs: 500 },
        handle: async ({ data }) => onMail(data.id),
      }),
    },
    observers: {
      allowHosts: ['127.0.0.1'],
      destinations: { '*': { concurrency: 32, circuit: { minCalls: 5, windowMs: 3_000, openMs } } },
      rules: [
        defineObserver({
          name: 'new-orders',
          source: { table: 'orders', schema: Row },
          on: 'insert',
          when: 'new.total > 0',
          startFrom: 'beginning',
          actions: [
            webhook('steady', steady),
            webhook('fragile', fragile),
            {
              ...common,
              action: 'search',
              name: 'find',
              index: 'orders',
              id: 'order-{{ new.id }}',
              body: { note: 'order {{ new.id }}' },
            },
            { ...common, action: 'job', name: 'mail', job: 'mail', data: { id: '{{ new.id }}' } },
            {
              ...common,
              action: 'cache',
              name: 'remember',
              key: 'order:{{ new.id }}',
              value: { total: '{{ new.total }}' },
            },
          ],
        }),
      ],
    },
  })
}
