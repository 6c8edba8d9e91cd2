import { describe, expect, expectTypeOf, test } from 'vitest'

import { defineQuery } from './define-query.ts'
import type { PageRequest } from './define-query.ts'
import type { RowOf } from './fields.ts'
import { conditionsOf } from './filter.ts'
import { orderOf } from './order.ts'

const definitions = {
  id: 'text',
  orders: 'integer',
  score: 'number',
  balance: 'decimal',
  closed: 'boolean',
  openedAt: 'instant',
  note: { type: 'text', nullable: true },
} as const
const customers = defineQuery({ name: 'customers', fields: definitions, key: ['id'] })
type Request = PageRequest<typeof definitions>

const refused = (field: string): unknown => expect.objectContaining({ code: 'ERR_INVALID_VALUE', field })

/** Never called: the lines below are judged by the compiler. */
function judged(take: (request: Request) => void): void {
  take({
    filter: {
      id: 'a',
      orders: { '>': 1, '<=': 5 },
      note: null,
      openedAt: { between: [new Date(), new Date()] },
    },
  })
  // @ts-expect-error -- no such field
  take({ filter: { other: 1 } })
  // @ts-expect-error -- another type
  take({ filter: { orders: 'many' } })
  // @ts-expect-error -- the field is never null
  take({ filter: { id: null } })
  // @ts-expect-error -- booleans are neither less nor greater
  take({ filter: { closed: { '<': true } } })
  // @ts-expect-error -- only texts are like a pattern
  take({ filter: { orders: { like: '1%' } } })
  // @ts-expect-error -- no such field
  take({ order: [{ field: 'other' }] })
}

describe('a filter', () => {
  test('is typed by the fields of its query', () => {
    expectTypeOf(judged).returns.toBeVoid()
    expectTypeOf<RowOf<typeof definitions>>().toEqualTypeOf<{
      readonly id: string
      readonly orders: number
      readonly score: number
      readonly balance: string
      readonly closed: boolean
      readonly openedAt: Date
      readonly note: string | null
    }>()
  })

  test('becomes the same conditions however it is written', () => {
    const one = conditionsOf(customers.fields, { orders: { '<': 5, '>': 1 }, id: 'a', note: undefined })
    const other = conditionsOf(customers.fields, { id: { '=': 'a' }, orders: { '>': 1, '<': 5 } })
    expect(one).toEqual(other)
    expect(one).toHaveLength(3)
  })

  test.each<[string, object]>([
    ['filter.other', { other: 1 }],
    ['filter.__proto__', JSON.parse('{"__proto__": 1}') as object],
    ['filter.constructor', { constructor: 1 }],
    ['filter.orders', { orders: '1' }],
    ['filter.orders', { orders: 1.5 }],
    ['filter.orders', { orders: 2 ** 53 }],
    ['filter.score', { score: Number.NaN }],
    ['filter.balance', { balance: 12 }],
    ['filter.balance', { balance: '1e3' }],
    ['filter.balance', { balance: '12,5' }],
    ['filter.closed', { closed: 'true' }],
    ['filter.openedAt', { openedAt: '2026-01-01' }],
    ['filter.openedAt', { openedAt: new Date(Number.NaN) }],
    ['filter.id', { id: 'a\0' }],
    ['filter.id', { id: '\ud800' }],
    ['filter.id', { id: null }],
    ['filter.id', { id: ['a'] }],
    ['filter.note.<', { note: { '<': null } }],
    ['filter.id.equals', { id: { equals: 'a' } }],
    ['filter.closed.<', { closed: { '<': true } }],
    ['filter.orders.like', { orders: { like: '1%' } }],
    ['filter.id.like', { id: { like: 'a\\' } }],
    ['filter.id.like', { id: { like: 7 } }],
    ['filter.id.in', { id: { in: 'a' } }],
    ['filter.id.in.1', { id: { in: ['a', 1] } }],
    ['filter.id.in', { id: { in: Array.from({ length: 1001 }, String) } }],
    ['filter.orders.between', { orders: { between: [1] } }],
    ['filter.orders.between.1', { orders: { between: [1, null] } }],
  ])('is refused at %s', (field, filter) => {
    expect(() => conditionsOf(customers.fields, filter)).toThrow(refused(field))
  })

  test.each(['filter', 5, [], null])('is an object of fields, %j is none', (filter) => {
    expect(() => conditionsOf(customers.fields, filter as object)).toThrow(refused('filter'))
  })

  test('takes a pattern that ends in an escaped backslash', () => {
    expect(() => conditionsOf(customers.fields, { id: { like: 'a\\\\' } })).not.toThrow()
  })
})

describe('an order', () => {
  test('ends in the key, in the direction of its last term', () => {
    expect(orderOf(customers.fields, ['id'], [{ field: 'orders', direction: 'descending' }])).toEqual([
      { field: 'orders', direction: 'descending' },
      { field: 'id', direction: 'descending' },
    ])
    expect(orderOf(customers.fields, ['id'])).toEqual([{ field: 'id', direction: 'ascending' }])
    expect(orderOf(customers.fields, ['id'], [{ field: 'id' }])).toHaveLength(1)
  })

  test.each<[string, unknown]>([
    ['order', 'id'],
    ['order', Array.from({ length: 9 }, () => ({ field: 'id' }))],
    ['order.0', ['id']],
    ['order.0.field', [{ field: 'other' }]],
    ['order.0.field', [{ field: 'id; drop table' }]],
    ['order.0.direction', [{ field: 'id', direction: 'asc' }]],
    ['order.0.nulls', [{ field: 'id', nulls: 'first' }]],
    ['order.1.field', [{ field: 'id' }, { field: 'id' }]],
  ])('is refused at %s', (field, order) => {
    expect(() => orderOf(customers.fields, ['id'], order)).toThrow(refused(field))
  })
})

describe('a request from outside', () => {
  test('has its instants read', () => {
    const parsed = customers.parse({
      filter: { openedAt: { '>=': '2026-01-01', in: ['2026-01-01T10:00:00.123Z'] }, id: '2026-01-01' },
      limit: 5,
    })
    expect(parsed).toEqual({
      filter: {
        openedAt: { '>=': new Date('2026-01-01'), in: [new Date('2026-01-01T10:00:00.123Z')] },
        id: '2026-01-01',
      },
      limit: 5,
    })
  })

  test.each<[string, unknown]>([
    ['request', []],
    ['request', 'all'],
    ['filters', { filters: {} }],
    ['filter', { filter: [] }],
    ['filter.openedAt', { filter: { openedAt: 'today' } }],
    ['filter.openedAt', { filter: { openedAt: '2026-01-01T10:00' } }],
    ['filter.openedAt', { filter: { openedAt: '2026-02-30' } }],
    ['filter.openedAt.>=', { filter: { openedAt: { '>=': '2026-04-31T10:00Z' } } }],
    [
      'filter.openedAt.a',
      { filter: { openedAt: JSON.parse('{"a":'.repeat(50_000) + '1' + '}'.repeat(50_000)) as unknown } },
    ],
    ['filter.openedAt.between.1', { filter: { openedAt: { between: ['2026-01-01', 7] } } }],
  ])('is refused at %s', (field, request) => {
    expect(() => customers.parse(request)).toThrow(refused(field))
  })
})

describe('a definition', () => {
  test.each<[string, object]>([
    ['name', { name: 'Customers' }],
    ['fields', { fields: {} }],
    ['fields.a b', { fields: { 'a b': 'text' } }],
    ['fields.id', { fields: { id: 'uuid' } }],
    ['key', { key: [] }],
    ['key', { key: ['note'] }],
    ['key', { key: ['other'] }],
    ['tenant', { tenant: 'orders' }],
    ['tenant', { tenant: 'note' }],
    ['tenant', { tenant: 'other' }],
  ])('is refused at %s', (setting, wrong) => {
    const options = { name: 'customers', fields: definitions, key: ['id'], ...wrong }
    expect(() => defineQuery(options as never)).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIGURATION', setting }),
    )
  })
})
