import { expect, expectTypeOf, test } from 'vitest'
import { z } from 'zod'

import type { Envelope } from '../envelope/envelope.ts'
import { defineRowChanges } from './define-row-changes.ts'

const Orders = defineRowChanges(
  'orders',
  z.object({ id: z.int(), total: z.string().transform(Number), placedAt: z.string().nullable() }),
)

const row = { id: 1, total: '12.50', placedAt: null }

function envelope(operation: string, data: object, table = 'orders'): Envelope {
  const common = { table, operation, key: '1', old: null, new: null, changed: [], transaction: '7' }
  return {
    type: `${table}.${operation}`,
    schemaVersion: 1,
    data: { ...common, ...data },
  } as unknown as Envelope
}

test('rows of a change are what their schema makes of them', () => {
  const change = Orders.parse(
    envelope('updated', { old: row, new: { ...row, total: '13' }, changed: ['total'] }),
  )
  expect(change.data).toEqual({
    table: 'orders',
    operation: 'updated',
    key: '1',
    changed: ['total'],
    transaction: '7',
    old: { id: 1, total: 12.5, placedAt: null },
    new: { id: 1, total: 13, placedAt: null },
  })
  expect(Orders.parse(envelope('truncated', { key: null })).data.old).toBeNull()
})

test('the operation tells which rows there are', () => {
  const change = Orders.parse(envelope('deleted', { old: row }))
  if (change.data.operation === 'updated') {
    expectTypeOf(change.data.old.total).toEqualTypeOf<number>()
    expectTypeOf(change.data.changed).toEqualTypeOf<readonly ('id' | 'total' | 'placedAt')[]>()
  }
  if (change.type === 'orders.inserted') expectTypeOf(change.data.old).toEqualTypeOf<null>()
  // @ts-expect-error another table's
  expect(change.type === 'others.inserted').toBe(false)
  expect(change.data).toMatchObject({ operation: 'deleted', new: null })
})

test('the types are those a filter takes', () => {
  expect(Orders.types).toEqual(
    ['inserted', 'updated', 'deleted', 'truncated', 'rekeyed'].map((what) => `orders.${what}`),
  )
  expect([Orders.has(envelope('inserted', {})), Orders.has(envelope('inserted', {}, 'others'))]).toEqual([
    true,
    false,
  ])
  expect(Orders.has(envelope('redacted', {}))).toBe(false)
})

test('a row that breaks the schema is an error that names side and column', () => {
  expect(() => Orders.parse(envelope('inserted', { new: { ...row, id: 'x' } }))).toThrow(
    /orders\.inserted.*data\.new\.id/,
  )
  expect(() => Orders.parse(envelope('inserted', {}, 'others'))).toThrow(
    'others.inserted has schema version 1',
  )
})

test('a name no capture can have and a schema that is none are refused', () => {
  expect(() => defineRowChanges('Orders', z.object({}))).toThrow('table')
  expect(() => defineRowChanges('orders', {} as never)).toThrow('Standard Schema')
})
