import { InvalidValueError } from '@millrace/contracts'
import type { Comparison, RowCondition, RowField, RowFields } from '@millrace/contracts'

import { checkValue } from './check-value.ts'
import type { FieldDefinition, FieldDefinitions, NullOf, ValueOf } from './fields.ts'

interface Ordered<V> {
  readonly '<'?: V
  readonly '<='?: V
  readonly '>'?: V
  readonly '>='?: V
  /** Both ends included. */
  readonly between?: readonly [from: V, to: V]
}

interface Equal<V, N> {
  readonly '='?: V | N
  /** Rows with null are not that value either. */
  readonly '!='?: V | N
  /** At most 1,000. */
  readonly in?: readonly V[]
}

/** What may be asked of one field; several operators narrow further. A bare value is `=`. */
export type FieldFilter<D extends FieldDefinition, V = ValueOf<D>, N = NullOf<D>> =
  | V
  | N
  | (Equal<V, N> &
      (V extends boolean ? unknown : Ordered<V>) &
      (D extends 'text' | { type: 'text' } ? { readonly like?: string } : unknown))

/** What rows must hold; several fields narrow further. */
export type Filter<F extends FieldDefinitions> = { readonly [N in keyof F]?: FieldFilter<F[N]> }

const comparisons: readonly string[] = ['=', '!=', '<', '<=', '>', '>='] satisfies Comparison[]
const maxListed = 1000

function operatorsOf({ type }: RowField): readonly string[] {
  if (type === 'boolean') return ['=', '!=', 'in']
  return [...comparisons, 'in', 'between', ...(type === 'text' ? ['like'] : [])]
}

function compare(
  field: string,
  known: RowField,
  [operator, value]: readonly [string, unknown],
): RowCondition {
  const comparison = operator as Comparison
  const place = operator === '=' ? `filter.${field}` : `filter.${field}.${operator}`
  if (value !== null)
    return { kind: 'compare', field, comparison, value: checkValue(place, known.type, value) }
  if (known.nullable && (comparison === '=' || comparison === '!='))
    return { kind: 'compare', field, comparison, value: null }
  throw new InvalidValueError(
    place,
    known.nullable ? 'a value: null is neither less nor greater' : 'a value: the field is never null',
  )
}

function listed(field: string, { type }: RowField, given: unknown): RowCondition {
  const place = `filter.${field}.in`
  if (!Array.isArray(given) || given.length > maxListed)
    throw new InvalidValueError(place, `a list of at most ${maxListed} values`)
  return { kind: 'in', field, values: given.map((value, i) => checkValue(`${place}.${i}`, type, value)) }
}

function ranged(field: string, { type }: RowField, given: unknown): RowCondition {
  const place = `filter.${field}.between`
  if (!Array.isArray(given) || given.length !== 2) throw new InvalidValueError(place, 'a list of two values')
  const [from, to] = given as readonly unknown[]
  return {
    kind: 'between',
    field,
    from: checkValue(`${place}.0`, type, from),
    to: checkValue(`${place}.1`, type, to),
  }
}

function like(field: string, given: unknown): RowCondition {
  const place = `filter.${field}.like`
  const pattern = String(checkValue(place, 'text', given))
  // A last backslash would take nothing as it is; Postgres refuses it while it reads rows.
  if (/(?<!\\)(?:\\\\)*\\$/.test(pattern))
    throw new InvalidValueError(place, 'a pattern that does not end in a single \\')
  return { kind: 'like', field, pattern }
}

function conditionOf(field: string, known: RowField, asked: readonly [string, unknown]): RowCondition {
  const [operator, value] = asked
  const allowed = operatorsOf(known)
  if (!allowed.includes(operator))
    throw new InvalidValueError(`filter.${field}.${operator}`, `one of ${allowed.join(', ')}`)
  switch (operator) {
    case 'in':
      return listed(field, known, value)
    case 'between':
      return ranged(field, known, value)
    case 'like':
      return like(field, value)
    default:
      return compare(field, known, asked)
  }
}

function isOperators(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !(value instanceof Date) && !Array.isArray(value)
}

/** The filter as conditions, alike for filters that mean the same. @throws {@link InvalidValueError} naming field and operator */
export function conditionsOf(fields: RowFields, filter: object = {}): readonly RowCondition[] {
  if (!isOperators(filter)) throw new InvalidValueError('filter', 'an object of fields')
  const asked = Object.entries(filter).filter(([, value]) => value !== undefined)
  return asked.toSorted(byName).flatMap(([field, value]) => {
    const known = Object.hasOwn(fields, field) ? fields[field] : undefined
    if (known === undefined)
      throw new InvalidValueError(`filter.${field}`, `one of the fields ${Object.keys(fields).join(', ')}`)
    const operators = isOperators(value) ? Object.entries(value) : ([['=', value]] as const)
    return operators
      .filter(([, operand]) => operand !== undefined)
      .toSorted(byName)
      .map((operator) => conditionOf(field, known, operator))
  })
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : Number(a > b)
}
