import type { Comparison, FieldType, FieldValue, Row, RowCondition, RowFields } from '@millrace/contracts'

import { compareValues } from './compare-values.ts'
import { isLike } from './is-like.ts'

const holds: Readonly<Record<Comparison, (order: number) => boolean>> = {
  '=': (order) => order === 0,
  '!=': (order) => order !== 0,
  '<': (order) => order < 0,
  '<=': (order) => order <= 0,
  '>': (order) => order > 0,
  '>=': (order) => order >= 0,
}

function compares(
  type: FieldType,
  held: FieldValue | null,
  { comparison, value }: Extract<RowCondition, { kind: 'compare' }>,
): boolean {
  if (held !== null && value !== null) return holds[comparison](compareValues(type, held, value))
  if (comparison === '=') return held === value
  return comparison === '!=' && held !== value
}

/** Whether a row meets a condition. */
export function meets(row: Row, condition: RowCondition, fields: RowFields): boolean {
  const held = row[condition.field] ?? null
  const type = fields[condition.field]?.type ?? 'text'
  if (condition.kind === 'compare') return compares(type, held, condition)
  if (held === null) return false
  switch (condition.kind) {
    case 'in':
      return condition.values.some((value) => compareValues(type, held, value) === 0)
    case 'like':
      return isLike(String(held), condition.pattern)
    default:
      return compareValues(type, held, condition.from) >= 0 && compareValues(type, held, condition.to) <= 0
  }
}
