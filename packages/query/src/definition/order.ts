import { InvalidValueError } from '@millrace/contracts'
import type { RowFields, RowOrder } from '@millrace/contracts'

import type { FieldDefinitions } from './fields.ts'

/** One term of an order. Null comes after every value, and before it where the direction is descending. */
export interface OrderTerm<F extends FieldDefinitions> {
  readonly field: keyof F & string
  /** @defaultValue `'ascending'` */
  readonly direction?: 'ascending' | 'descending'
}

const maxTerms = 8

function termOf(term: unknown, i: number, fields: RowFields): RowOrder {
  const place = `order.${i}`
  if (typeof term !== 'object' || term === null)
    throw new InvalidValueError(place, 'an object: { field, direction }')
  const { field, direction = 'ascending', ...more } = term as Partial<RowOrder>
  const [unknown] = Object.keys(more)
  if (unknown !== undefined)
    throw new InvalidValueError(`${place}.${unknown}`, 'left out: a term is { field, direction }')
  if (field === undefined || !Object.hasOwn(fields, field))
    throw new InvalidValueError(`${place}.field`, `one of the fields ${Object.keys(fields).join(', ')}`)
  if (direction !== 'ascending' && direction !== 'descending')
    throw new InvalidValueError(`${place}.direction`, 'ascending or descending')
  return { field, direction }
}

/**
 * The whole order: the terms that are asked for, then the key's fields in the direction of the last term, so that no two
 * rows are alike.
 * @throws {@link InvalidValueError} naming the term
 */
export function orderOf(fields: RowFields, key: readonly string[], asked: unknown = []): readonly RowOrder[] {
  if (!Array.isArray(asked) || asked.length > maxTerms)
    throw new InvalidValueError('order', `a list of at most ${maxTerms} terms`)
  const terms = asked.map((term, i) => termOf(term, i, fields))
  const twice = terms.findIndex(({ field }, i) => terms.findIndex((other) => other.field === field) < i)
  if (twice >= 0)
    throw new InvalidValueError(`order.${twice}.field`, 'a field that is not ordered by already')
  const direction = terms.at(-1)?.direction ?? 'ascending'
  const rest = key.filter((field) => !terms.some((term) => term.field === field))
  return [...terms, ...rest.map((field) => ({ field, direction }))]
}

/** The same order from its end. */
export function reversed(order: readonly RowOrder[]): readonly RowOrder[] {
  return order.map(({ field, direction }) => ({
    field,
    direction: direction === 'ascending' ? 'descending' : 'ascending',
  }))
}
