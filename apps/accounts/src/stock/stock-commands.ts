import { z } from 'zod'

import { parseCommand } from '../values/parse.ts'
import { decimalSchema, idSchema, instantSchema, scaleSchema, textSchema } from '../values/schemas.ts'

const at = instantSchema
const quantity = decimalSchema

const commandSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('listItem'),
    name: textSchema,
    unit: textSchema,
    scale: scaleSchema.default(0),
    at,
  }),
  z.strictObject({ type: z.literal('receive'), quantity, reference: textSchema, at }),
  z.strictObject({ type: z.literal('reserve'), reservation: idSchema, quantity, at }),
  z.strictObject({ type: z.literal('release'), reservation: idSchema, at }),
  z.strictObject({
    type: z.literal('issue'),
    quantity,
    reservation: idSchema.nullable().default(null),
    reference: textSchema,
    at,
  }),
])

/** A command as its sender writes it: what has a default may be left out. */
export type StockCommandInput = z.input<typeof commandSchema>
/** A checked command. */
export type StockCommand = z.output<typeof commandSchema>
/** One kind of command. */
export type StockCommandOf<Type extends StockCommand['type']> = Extract<StockCommand, { readonly type: Type }>

/** Makes a command, with defaults for what was left out. @throws {@link InvalidValueError} naming the field and its rule */
export function stockCommand(input: StockCommandInput): StockCommand {
  return parseCommand(commandSchema, input)
}
