import { definePersonalData } from '@millrace/privacy'

import { Customer } from './customer-events.ts'

const details = {
  subject: ({ customer }: { readonly customer: string }) => customer,
  fields: { 'details.name': '[erased]', 'details.email': '[erased]@' },
} as const

/** What is encrypted with a customer's key, and what it reads as when the key was destroyed. */
export const customerPersonalData = definePersonalData(Customer, {
  CustomerRegistered: details,
  CustomerDetailsChanged: details,
})
