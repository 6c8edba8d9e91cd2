import { z } from 'zod'

import { parseCommand } from '../values/parse.ts'
import {
  accountIdSchema,
  currencySchema,
  daySchema,
  decimalSchema,
  idSchema,
  instantSchema,
  monthSchema,
  scaleSchema,
  textSchema,
} from '../values/schemas.ts'
import { accountKindSchema, sideSchema } from './book-events.ts'

/** When a command was given: rules have no clock. */
const at = instantSchema

const postedLineSchema = z.strictObject({
  account: accountIdSchema,
  side: sideSchema,
  amount: decimalSchema,
})
/** A line of an entry as it is written: a decimal, of which the account says how many digits it may have. */
export type PostedLine = z.output<typeof postedLineSchema>

const commandSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('openAccount'),
    account: accountIdSchema,
    name: textSchema,
    kind: accountKindSchema,
    currency: currencySchema,
    scale: scaleSchema.default(2),
    at,
  }),
  z.strictObject({ type: z.literal('closeAccount'), account: accountIdSchema, at }),
  z.strictObject({
    type: z.literal('postEntry'),
    date: daySchema,
    text: textSchema,
    lines: z.array(postedLineSchema).min(2).max(100),
    customer: idSchema.nullable().default(null),
    reverses: z.int().min(1).nullable().default(null),
    at,
  }),
  z.strictObject({ type: z.literal('closePeriod'), period: monthSchema, at }),
])

/** A command as its sender writes it: what has a default may be left out. */
export type BookCommandInput = z.input<typeof commandSchema>
/** A checked command. */
export type BookCommand = z.output<typeof commandSchema>
/** One kind of command. */
export type BookCommandOf<Type extends BookCommand['type']> = Extract<BookCommand, { readonly type: Type }>

/** Makes a command, with defaults for what was left out. @throws {@link InvalidValueError} naming the field and its rule */
export function bookCommand(input: BookCommandInput): BookCommand {
  return parseCommand(commandSchema, input)
}

/** An amount on the debit side. */
export function debit(account: string, amount: string): PostedLine {
  return { account, side: 'debit', amount }
}

/** An amount on the credit side. */
export function credit(account: string, amount: string): PostedLine {
  return { account, side: 'credit', amount }
}
