import { defineProjection } from '@millrace/projections'

import { Customer } from './customer-events.ts'
import type { CustomerDetails } from './customer-events.ts'

/** Who the customers are, by id. One who was erased is not in it: the event that says so comes after all that named them. */
export const customerList = defineProjection({
  name: 'customer_list',
  version: 1,
  events: Customer,
  key: ({ data }) => data.customer,
  initial: (): CustomerDetails => ({ name: '', email: '' }),
  evolve: {
    CustomerRegistered: (_, { data }) => data.details,
    CustomerDetailsChanged: (_, { data }) => data.details,
    CustomerErased: () => undefined,
  },
})
