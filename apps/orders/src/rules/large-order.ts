import { defineObserver } from '@millrace/observers'
import type { ObserverDefinition } from '@millrace/observers'

import { orderChanges } from '../shop/changes.ts'

const retry = { shape: 'exponential', initialMs: 100, capMs: 2_000, maxAttempts: 3 } as const

/**
 * An order over 100: the warehouse by a signed webhook, the customer by e-mail, the people of sales by Slack, and the index of
 * orders. Four actions, each with its own retries; none waits for another.
 */
export const largeOrder: ObserverDefinition = defineObserver({
  name: 'large-order',
  source: orderChanges,
  on: 'insert',
  tenant: '*',
  // Text in the log, as `numeric` holds more than a double does.
  when: 'double(new.total) > 100.0',
  lookups: {
    customer: {
      from: 'customer',
      key: '{{ new.customer_id }}',
      tags: ['customer/{{ new.shop }}/{{ new.customer_id }}'],
    },
  },
  partitions: 8,
  actions: [
    {
      action: 'webhook',
      name: 'warehouse',
      url: '{{ secret.ORDERS_WEBHOOK_URL }}',
      signWith: 'ORDERS_WEBHOOK_SECRET',
      body: {
        type: 'order.placed',
        timestamp: '{{ event.occurredAt }}',
        data: {
          order: '{{ new.id }}',
          shop: '{{ new.shop }}',
          total: '{{ new.total }}',
          note: '{{ new.note }}',
          customer: { id: '{{ new.customer_id }}', name: '{{ lookup.customer.name }}' },
        },
      },
      retry,
    },
    {
      action: 'email',
      name: 'confirmation',
      to: '{{ lookup.customer.email }}',
      subject: 'Your order {{ new.id }}, {{ lookup.customer.name }}',
      text: 'Dear {{ lookup.customer.name }},\n\nwe have your order {{ new.id }} of {{ new.total | number: 2 }}.\n',
      html: '<p>Dear {{ lookup.customer.name }},</p><p>we have your order <b>{{ new.id }}</b> of {{ new.total | number: 2 }}.</p>',
      retry,
    },
    {
      action: 'slack',
      name: 'sales',
      webhook: 'ORDERS_SLACK_URL',
      text: 'Order {{ new.id }} of {{ lookup.customer.name }}: {{ new.total | number: 2 }}',
      retry,
    },
    {
      action: 'search',
      name: 'document',
      index: 'orders',
      id: '{{ new.id }}',
      body: {
        order: '{{ new.id }}',
        shop: '{{ new.shop }}',
        customer: '{{ new.customer_id }}',
        name: '{{ lookup.customer.name }}',
        note: '{{ new.note }}',
        status: '{{ new.status }}',
        total: '{{ new.total | toNumber }}',
        placed: '{{ new.placed_at }}',
      },
    },
  ],
})
