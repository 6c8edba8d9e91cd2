import { defineSearchIndex } from '@millrace/contracts'

/** Large orders, as people look for them. */
export const orderIndex = defineSearchIndex({
  name: 'orders',
  version: 1,
  fields: {
    order: { kind: 'keyword' },
    shop: { kind: 'keyword' },
    customer: { kind: 'keyword', subject: true },
    name: { kind: 'text' },
    note: { kind: 'text' },
    status: { kind: 'keyword' },
    total: { kind: 'number' },
    placed: { kind: 'date' },
  },
})
