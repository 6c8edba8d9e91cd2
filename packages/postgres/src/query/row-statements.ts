import { InvalidCursorError } from '@millrace/contracts'
import type {
  FieldValue,
  RowCondition,
  RowFields,
  RowOrder,
  RowPlace,
  RowSelection,
} from '@millrace/contracts'

import type { FieldSql, RowColumns } from './row-columns.ts'

/** A statement and its parameters. */
export interface RowStatement {
  readonly text: string
  readonly values: readonly unknown[]
}

/** Collects parameters: whatever a user sent goes in here and nowhere else. */
class Parameters {
  readonly values: unknown[] = []

  /** All travel as text and are read as the field's type by the server, alike for both drivers. */
  add(value: FieldValue, type: string): string {
    this.values.push(textOf(value))
    return `$${this.values.length}::text::${type}`
  }

  addList(values: readonly FieldValue[], type: string): string {
    this.values.push(values.map(textOf))
    return `$${this.values.length}::text[]::${type}[]`
  }
}

function textOf(value: FieldValue): string {
  return value instanceof Date ? value.toISOString() : String(value)
}

type Of = (field: string) => FieldSql

/** `!=` holds for null too: it is not that value. */
const operators = { '=': '=', '!=': 'is distinct from', '<': '<', '<=': '<=', '>': '>', '>=': '>=' } as const

function conditionSql(condition: RowCondition, of: Of, parameters: Parameters): string {
  const { compared, type } = of(condition.field)
  switch (condition.kind) {
    case 'compare': {
      const { comparison, value } = condition
      if (value === null) return `${compared} is ${comparison === '=' ? '' : 'not '}null`
      return `${compared} ${operators[comparison]} ${parameters.add(value, type)}`
    }
    case 'in':
      return `${compared} = any (${parameters.addList(condition.values, type)})`
    case 'like':
      return `${compared} like ${parameters.add(condition.pattern, 'text')}`
    default:
      return `${compared} between ${parameters.add(condition.from, type)} and ${parameters.add(condition.to, type)}`
  }
}

/** Rows behind one value of one term; undefined: none are. */
function behind(
  term: RowOrder,
  value: string | null,
  at: { of: Of; fields: RowFields; parameters: Parameters },
): string | undefined {
  const { compared, type } = at.of(term.field)
  const ascending = term.direction === 'ascending'
  if (value === null) return ascending ? undefined : `${compared} is not null`
  const parameter = at.parameters.add(value, type)
  if (!ascending) return `${compared} < ${parameter}`
  const nullable = at.fields[term.field]?.nullable ?? true
  return nullable ? `(${compared} > ${parameter} or ${compared} is null)` : `${compared} > ${parameter}`
}

/** One comparison of all terms at once, which an index over them serves. */
function behindTogether(order: readonly RowOrder[], place: RowPlace, of: Of, parameters: Parameters): string {
  const left = order.map(({ field }) => of(field).compared).join(', ')
  const right = order.map(({ field }, i) => parameters.add(place[i] ?? '', of(field).type)).join(', ')
  return `(${left}) ${order[0]?.direction === 'ascending' ? '>' : '<'} (${right})`
}

function afterSql({ order, fields }: RowSelection, place: RowPlace, of: Of, parameters: Parameters): string {
  if (place.length !== order.length) throw new InvalidCursorError('cursor: was made for another order')
  const simple = order.every(
    ({ field, direction }) => direction === order[0]?.direction && fields[field]?.nullable === false,
  )
  if (simple) return behindTogether(order, place, of, parameters)
  // Made where it is used: a parameter that no statement mentions is refused by the server.
  const equal = (i: number): string => {
    const [value, { compared, type }] = [place[i] ?? null, of(order[i]?.field ?? '')]
    return value === null ? `${compared} is null` : `${compared} = ${parameters.add(value, type)}`
  }
  const alternatives = order.flatMap((term, i) => {
    const later = behind(term, place[i] ?? null, { of, fields, parameters })
    return later === undefined
      ? []
      : [`(${[...order.slice(0, i).map((_, j) => equal(j)), later].join(' and ')})`]
  })
  return alternatives.length === 0 ? 'false' : `(${alternatives.join(' or ')})`
}

function whereSql(conditions: readonly string[]): string {
  return conditions.length === 0 ? '' : ` where ${conditions.join(' and ')}`
}

/** Rows of a selection: the fields as `f0`…, then the texts of the order's fields as `p0`…. */
export function selectStatement(table: string, columns: RowColumns, selection: RowSelection): RowStatement {
  const { fields, where, order, after, offset = 0, limit } = selection
  const of: Of = (field) => columns.of(fields, field)
  const parameters = new Parameters()
  const conditions = where.map((condition) => conditionSql(condition, of, parameters))
  if (after !== undefined) conditions.push(afterSql(selection, after, of, parameters))
  const read = Object.keys(fields).map((field, i) => `${of(field).read} as f${i}`)
  const places = order.map(({ field }, i) => `${of(field).text} as p${i}`)
  const terms = order.map(({ field, direction }) =>
    direction === 'ascending'
      ? `${of(field).compared} asc nulls last`
      : `${of(field).compared} desc nulls first`,
  )
  const text = `select ${[...read, ...places].join(', ')} from ${table}${whereSql(conditions)} order by ${terms.join(', ')}`
  const bounds = [parameters.add(limit, 'bigint'), parameters.add(offset, 'bigint')]
  return { text: `${text} limit ${bounds[0]} offset ${bounds[1]}`, values: parameters.values }
}

export function countStatement(
  table: string,
  columns: RowColumns,
  { fields, where }: Pick<RowSelection, 'fields' | 'where'>,
): RowStatement {
  const parameters = new Parameters()
  const conditions = where.map((condition) =>
    conditionSql(condition, (field) => columns.of(fields, field), parameters),
  )
  return { text: `select count(*) as n from ${table}${whereSql(conditions)}`, values: parameters.values }
}
