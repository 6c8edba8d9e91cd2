import { defineObserver } from '@millrace/observers'
import type { ObserverDefinition } from '@millrace/observers'

import { orderChanges } from '../shop/changes.ts'

/** Every order, for whoever listens on NATS: a rule for places that have it. */
export const announceOrder: ObserverDefinition = defineObserver({
  name: 'announce-order',
  source: orderChanges,
  on: 'insert',
  tenant: '*',
  actions: [
    {
      action: 'publish',
      name: 'announcement',
      subject: 'shop.orders.placed',
      data: { order: '{{ new.id }}', shop: '{{ new.shop }}', total: '{{ new.total }}' },
    },
  ],
})
