import { z } from 'zod'

/** A row of `orders` as the change log has it: `numeric` is text there, times are ISO 8601. */
export const orderRow = z.object({
  id: z.string(),
  shop: z.string(),
  customer_id: z.string(),
  status: z.enum(['placed', 'shipped', 'cancelled']),
  total: z.string(),
  note: z.string(),
  placed_at: z.string(),
})

/** A row of `order_lines`. */
export const orderLineRow = z.object({
  order_id: z.string(),
  line: z.int(),
  shop: z.string(),
  article: z.string(),
  pieces: z.int(),
  price: z.string(),
})

/** A row of `customers`. */
export const customerRow = z.object({
  shop: z.string(),
  id: z.string(),
  name: z.string(),
  email: z.string(),
})

/** A customer as rules look one up. */
export type CustomerRow = z.infer<typeof customerRow>
