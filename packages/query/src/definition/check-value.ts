import { InvalidValueError } from '@millrace/contracts'
import type { FieldType, FieldValue } from '@millrace/contracts'

const decimalPattern = /^-?\d{1,500}(?:\.\d{1,500})?$/
// What a timestamptz and RFC 3339 both hold.
const [earliest, latest] = [Date.UTC(1, 0, 1), Date.UTC(9999, 11, 31, 23, 59, 59, 999)]

interface Rule {
  readonly holds: (value: unknown) => boolean
  readonly text: string
}

const rules: Readonly<Record<FieldType, Rule>> = {
  text: {
    holds: (value) => typeof value === 'string' && !value.includes('\0') && value.isWellFormed(),
    text: 'text without lone surrogates or U+0000',
  },
  integer: { holds: Number.isSafeInteger, text: 'a whole number that JavaScript counts exactly' },
  number: { holds: Number.isFinite, text: 'a finite number' },
  decimal: {
    holds: (value) => typeof value === 'string' && decimalPattern.test(value),
    text: 'a decimal number as text: 12.50',
  },
  boolean: { holds: (value) => typeof value === 'boolean', text: 'true or false' },
  instant: {
    holds: (value) => value instanceof Date && value.getTime() >= earliest && value.getTime() <= latest,
    text: 'a Date in the years 1 to 9999',
  },
}

/** @throws {@link InvalidValueError} unless the value is one of the type */
export function checkValue(place: string, type: FieldType, value: unknown): FieldValue {
  const rule = rules[type]
  if (!rule.holds(value)) throw new InvalidValueError(place, rule.text)
  // A copy: the caller's Date may change while the query waits.
  return value instanceof Date ? new Date(value) : (value as FieldValue)
}
