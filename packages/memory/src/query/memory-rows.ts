import type {
  FieldValue,
  PlacedRow,
  Row,
  RowCondition,
  RowFields,
  RowSelection,
  RowSource,
} from '@millrace/contracts'

import { meets } from './meets.ts'
import { compareByOrder, placeOf, readPlace } from './row-place.ts'

type Values = readonly (FieldValue | null)[]

/**
 * Rows that lie in this process. They are asked for anew by every selection, so that it sees what is there then; each
 * is filtered and sorted.
 */
export function memoryRows<R extends object>(rows: () => Iterable<R>): RowSource {
  const kept = (fields: RowFields, where: readonly RowCondition[]): Row[] =>
    [...(rows() as Iterable<Row>)].filter((row) => where.every((condition) => meets(row, condition, fields)))
  return {
    select: async (selection) => select(kept(selection.fields, selection.where), selection),
    count: async ({ fields, where }) => kept(fields, where).length,
  }
}

function select(rows: readonly Row[], selection: RowSelection): readonly PlacedRow[] {
  const { fields, order, after, offset = 0, limit } = selection
  const valuesOf = (row: Row): Values => order.map(({ field }) => row[field] ?? null)
  const place = after === undefined ? undefined : readPlace(after, order, fields)
  return rows
    .map((row) => ({ row, values: valuesOf(row) }))
    .filter(({ values }) => place === undefined || compareByOrder(values, place, selection) > 0)
    .toSorted((a, b) => compareByOrder(a.values, b.values, selection))
    .slice(offset, offset + limit)
    .map(({ row }) => ({ row: pick(row, fields), place: placeOf(row, order) }))
}

function pick(row: Row, fields: RowFields): Row {
  return Object.fromEntries(Object.keys(fields).map((field) => [field, row[field] ?? null]))
}
