import { InvalidCursorError } from '@millrace/contracts'
import type { FieldType, FieldValue, Row, RowFields, RowOrder, RowPlace } from '@millrace/contracts'

import { compareValues } from './compare-values.ts'

const place = (value: FieldValue | null): string | null =>
  value === null ? null : value instanceof Date ? String(value.getTime()) : String(value)

/** Where a row stands in an order. */
export function placeOf(row: Row, order: readonly RowOrder[]): RowPlace {
  return order.map(({ field }) => place(row[field] ?? null))
}

function valueOf(type: FieldType, text: string): FieldValue {
  switch (type) {
    case 'text':
    case 'decimal':
      return text
    case 'boolean':
      return text === 'true'
    case 'instant':
      return new Date(Number(text))
    default:
      return Number(text)
  }
}

/** The values of a place. @throws {@link InvalidCursorError} for one of another order */
export function readPlace(
  given: RowPlace,
  order: readonly RowOrder[],
  fields: RowFields,
): readonly (FieldValue | null)[] {
  if (given.length !== order.length) throw new InvalidCursorError('cursor: was made for another order')
  return order.map(({ field }, i) => {
    const text = given[i] ?? null
    return text === null ? null : valueOf(fields[field]?.type ?? 'text', text)
  })
}

/** Compares rows by the values of an order's fields. */
export function compareByOrder(
  a: readonly (FieldValue | null)[],
  b: readonly (FieldValue | null)[],
  { order, fields }: { readonly order: readonly RowOrder[]; readonly fields: RowFields },
): number {
  for (const [i, { field, direction }] of order.entries()) {
    const found = compareNullable(fields[field]?.type ?? 'text', a[i] ?? null, b[i] ?? null)
    if (found !== 0) return direction === 'ascending' ? found : -found
  }
  return 0
}

function compareNullable(type: FieldType, a: FieldValue | null, b: FieldValue | null): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null)
  return compareValues(type, a, b)
}
