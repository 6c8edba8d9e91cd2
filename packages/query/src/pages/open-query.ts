import { checkWhole, InvalidCursorError, InvalidValueError } from '@millrace/contracts'
import type { PlacedRow, RowCondition, RowOrder, RowPlace, RowSource } from '@millrace/contracts'

import type { CursorKeys } from '../cursors/cursor-keys.ts'
import type { PageRequest, QueryDefinition, Selection } from '../definition/define-query.ts'
import type { FieldDefinitions, RowOf } from '../definition/fields.ts'
import { conditionsOf } from '../definition/filter.ts'
import { orderOf, reversed } from '../definition/order.ts'
import { scopeOf } from './scope.ts'

/** Some rows of a query. */
export interface QueryPage<R> {
  readonly rows: readonly R[]
  /** For the page behind this one, forwards; undefined where there is none. */
  readonly next: string | undefined
  /** For the page before this one, backwards; undefined where there is none. */
  readonly previous: string | undefined
}

/** Reads pages of a read model. */
export interface Query<F extends FieldDefinitions> {
  /**
   * All pages together are the unpaged result, in either direction, as long as the rows stay as they are; rows that
   * come and go in between are neither repeated nor do they shift others.
   * @throws {@link InvalidValueError} naming the member; {@link InvalidCursorError}
   */
  page(request?: PageRequest<F>): Promise<QueryPage<RowOf<F>>>
  /** @throws {@link InvalidValueError} naming the member */
  count(selection?: Selection<F>): Promise<number>
}

/** What {@link openQuery} works with. */
export interface QueryParts {
  readonly rows: RowSource
  readonly cursors: CursorKeys
}

/** A request, checked. */
interface Plan {
  readonly where: readonly RowCondition[]
  readonly order: readonly RowOrder[]
  readonly limit: number
  readonly direction: 'forwards' | 'backwards'
  readonly after: RowPlace | undefined
  readonly offset: number | undefined
  /** What cursors of a direction belong to. */
  readonly scope: (direction: 'forwards' | 'backwards') => string
}

const directions: readonly string[] = ['forwards', 'backwards']

function whereOf(
  definition: QueryDefinition,
  { filter, tenant }: Selection<FieldDefinitions>,
): readonly RowCondition[] {
  const asked = conditionsOf(definition.fields, filter)
  if (tenant !== undefined && (typeof tenant !== 'string' || tenant === ''))
    throw new InvalidValueError('tenant', 'text, not empty')
  if (definition.tenant === undefined) return asked
  if (tenant === undefined)
    throw new InvalidValueError('tenant', `given: query ${definition.name} shows one tenant's rows`)
  return [{ kind: 'compare', field: definition.tenant, comparison: '=', value: tenant }, ...asked]
}

function readPlace(text: string): RowPlace {
  const place: unknown = JSON.parse(text)
  // Signed by us, and for this query; but a source may have changed its mind about its order since.
  if (!Array.isArray(place)) throw new InvalidCursorError('cursor: holds no place')
  return place as RowPlace
}

function offsetOf({ offset, cursor }: PageRequest<FieldDefinitions>, direction: string): number | undefined {
  if (offset === undefined) return undefined
  checkWhole('offset', offset, { min: 0, max: 1_000_000 })
  if (cursor !== undefined) throw new InvalidValueError('offset', 'left out beside a cursor')
  if (direction === 'backwards') throw new InvalidValueError('offset', 'left out where pages go backwards')
  return offset
}

function planOf(
  definition: QueryDefinition,
  request: PageRequest<FieldDefinitions>,
  cursors: CursorKeys,
): Plan {
  const { limit = 100, cursor, direction = 'forwards', tenant } = request
  checkWhole('limit', limit, { min: 1, max: 1000 })
  if (!directions.includes(direction))
    throw new InvalidValueError('direction', `one of ${directions.join(', ')}`)
  const where = whereOf(definition, request)
  const order = orderOf(definition.fields, definition.key, request.order)
  const scope = (towards: 'forwards' | 'backwards'): string =>
    scopeOf(definition, { where, order, tenant, direction: towards })
  const offset = offsetOf(request, direction)
  const after = cursor === undefined ? undefined : readPlace(cursors.open(scope(direction), cursor))
  return { where, order, limit, direction, after, offset, scope }
}

/** Opens a query on the rows of an adapter. */
export function openQuery<F extends FieldDefinitions>(
  definition: QueryDefinition<F>,
  parts: QueryParts,
): Query<F> {
  const { rows: source, cursors } = parts
  // The types of a definition's own fields are for its callers; inside every field is alike.
  const untyped = definition as unknown as QueryDefinition
  return {
    page: async (request = {}) => {
      const plan = planOf(untyped, request as PageRequest<FieldDefinitions>, cursors)
      const found = await take(source, untyped, plan)
      const cursorTo = (towards: 'forwards' | 'backwards', row: PlacedRow | undefined): string | undefined =>
        row === undefined ? undefined : cursors.seal(plan.scope(towards), JSON.stringify(row.place))
      return {
        rows: found.rows.map(({ row }) => row as RowOf<F>),
        next: found.hasNext ? cursorTo('forwards', found.rows.at(-1)) : undefined,
        previous: found.hasPrevious ? cursorTo('backwards', found.rows[0]) : undefined,
      }
    },
    count: async (selection = {}) => {
      const where = whereOf(untyped, selection as Selection<FieldDefinitions>)
      return await source.count({ fields: untyped.fields, where })
    },
  }
}

interface Found {
  readonly rows: readonly PlacedRow[]
  readonly hasNext: boolean
  readonly hasPrevious: boolean
}

async function take(source: RowSource, { fields }: QueryDefinition, plan: Plan): Promise<Found> {
  const { where, order, limit, direction, after, offset } = plan
  const forwards = direction === 'forwards'
  const found = await source.select({
    fields,
    where,
    order: forwards ? order : reversed(order),
    // One more than the page: whether there is another.
    limit: limit + 1,
    ...(after === undefined ? {} : { after }),
    ...(offset === undefined ? {} : { offset }),
  })
  const rows = found.slice(0, limit)
  const hasMore = found.length > limit
  const cameFrom = after !== undefined || (offset ?? 0) > 0
  return forwards
    ? { rows, hasNext: hasMore, hasPrevious: cameFrom }
    : { rows: rows.toReversed(), hasNext: cameFrom, hasPrevious: hasMore }
}
