import { defineEvents } from '@millrace/contracts'
import type { NewEventOf } from '@millrace/contracts'
import { z } from 'zod'

import {
  accountIdSchema,
  currencySchema,
  daySchema,
  idSchema,
  instantSchema,
  monthSchema,
  scaleSchema,
  textSchema,
} from '../values/schemas.ts'

/** The category of a book's stream. */
export const bookCategory = 'book'

/** What an account is, which says on what side it grows. */
const accountKinds = ['asset', 'liability', 'equity', 'income', 'expense'] as const
export const accountKindSchema = z.enum(accountKinds)
export type AccountKind = (typeof accountKinds)[number]

/** Debit or credit. */
export const sideSchema = z.enum(['debit', 'credit'])
export type Side = z.infer<typeof sideSchema>

const lineSchema = z.strictObject({
  account: accountIdSchema,
  side: sideSchema,
  /** In the smallest unit of the account, above zero. */
  amount: z.bigint().positive(),
  /** Of the account, said again so that an entry can be read by itself. */
  currency: currencySchema,
  scale: scaleSchema,
})
/** One account's part of an entry. */
export type Line = z.infer<typeof lineSchema>

const at = instantSchema

/** What happens to a book. */
export const Book = defineEvents({
  AccountOpened: z.strictObject({
    account: accountIdSchema,
    name: textSchema,
    kind: accountKindSchema,
    currency: currencySchema,
    scale: scaleSchema,
    at,
  }),
  AccountClosed: z.strictObject({ account: accountIdSchema, at }),
  EntryPosted: z.strictObject({
    /** From 1, without a gap, in each book. */
    number: z.int().min(1),
    /** The day it counts for; it may have been posted later. */
    date: daySchema,
    text: textSchema,
    lines: z.array(lineSchema).min(2).max(100),
    customer: idSchema.nullable(),
    /** The number of the entry it takes back. */
    reverses: z.int().min(1).nullable(),
    at,
  }),
  PeriodClosed: z.strictObject({ period: monthSchema, at }),
})
export type BookEvent = NewEventOf<typeof Book>
/** An entry as it was posted. */
export type Entry = Extract<BookEvent, { type: 'EntryPosted' }>['data']
