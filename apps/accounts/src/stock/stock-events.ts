import { defineEvents } from '@millrace/contracts'
import type { NewEventOf } from '@millrace/contracts'
import { z } from 'zod'

import { idSchema, instantSchema, scaleSchema, textSchema } from '../values/schemas.ts'

/** The category of an item's stream. */
export const stockCategory = 'stock'

/** In the smallest unit of the item, above zero. */
const quantity = z.bigint().positive()
const at = instantSchema

/** What happens to an item that is kept in stock. */
export const Stock = defineEvents({
  ItemListed: z.strictObject({ name: textSchema, unit: textSchema, scale: scaleSchema, at }),
  StockReceived: z.strictObject({ quantity, reference: textSchema, at }),
  StockReserved: z.strictObject({ reservation: idSchema, quantity, at }),
  ReservationReleased: z.strictObject({ reservation: idSchema, quantity, at }),
  StockIssued: z.strictObject({ quantity, reservation: idSchema.nullable(), reference: textSchema, at }),
})
export type StockEvent = NewEventOf<typeof Stock>
