import { defineEvents } from '@millrace/contracts'
import type { NewEventOf } from '@millrace/contracts'
import { z } from 'zod'

import { emailSchema, idSchema, instantSchema, textSchema } from '../values/schemas.ts'

/** The category of a customer's stream. Entries name a customer by id only: what is personal lies here and nowhere else. */
export const customerCategory = 'customer'

/** What is personal about a customer. */
export const detailsSchema = z.strictObject({ name: textSchema, email: emailSchema })
export type CustomerDetails = z.infer<typeof detailsSchema>

/** What happens to a customer. */
export const Customer = defineEvents({
  CustomerRegistered: z.strictObject({ customer: idSchema, details: detailsSchema, at: instantSchema }),
  CustomerDetailsChanged: z.strictObject({ customer: idSchema, details: detailsSchema, at: instantSchema }),
  /** The key of what is personal was destroyed: read models take out what they kept. */
  CustomerErased: z.strictObject({ customer: idSchema, at: instantSchema }),
})
export type CustomerEvent = NewEventOf<typeof Customer>
