import { isStreamKey } from '@millrace/contracts'
import { z } from 'zod'

import { maxScale } from '../money/decimal.ts'

/** What every store and read model takes: SQL knows no U+0000 in text, and no half of a surrogate pair. */
// oxlint-disable-next-line no-control-regex -- control characters are what is refused
const isPlain = (text: string): boolean => text.isWellFormed() && !/[\u0000-\u001f\u007f]/.test(text)
const plainRule = 'must be without control characters and lone surrogates'

/** Text for people: not empty, not white space at its ends, on one line. */
export const textSchema = z
  .string()
  .min(1)
  .max(200)
  .refine((text) => text.trim() === text, 'must not begin or end with white space')
  .refine(isPlain, plainRule)

/** An e-mail address, as far as a program can tell one without writing to it. */
export const emailSchema = z.string().max(200).includes('@').refine(isPlain, plainRule)

/** What names a book, an item or a customer. */
export const idSchema = z.string().refine(isStreamKey, 'must be 1 to 255 bytes, not only white space')

/** The number and name of an account, `1000-CASH`. */
export const accountIdSchema = z.string().regex(/^[A-Z0-9][A-Z0-9-]{0,62}$/, 'must be like 1000-CASH')

/** ISO 4217, `EUR`. */
export const currencySchema = z.string().regex(/^[A-Z]{3}$/, 'must be three letters, like EUR')

/** How many digits behind the point an amount has. */
export const scaleSchema = z.int().min(0).max(maxScale)

/** A calendar day, `2025-10-15`. */
export const daySchema = z.iso.date()

/** A calendar month, `2025-10`. */
export const monthSchema = z.string().regex(/^\d{4}-(0[1-9]|1[0-2])$/, 'must be a month, like 2025-10')

/** An instant in UTC with milliseconds, as `toISOString` gives it. */
export const instantSchema = z.iso.datetime({ precision: 3 })

/** An exact decimal as it is written; the account or item says how many digits it may have. */
export const decimalSchema = z.string().regex(/^\d{1,15}(\.\d{1,9})?$/, 'must be a decimal, like 12.50')
