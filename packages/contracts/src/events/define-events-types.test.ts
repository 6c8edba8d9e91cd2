import { describe, expect, expectTypeOf, test } from 'vitest'
import { z } from 'zod'

import type { Envelope, NewEvent } from '../envelope/envelope.ts'
import { defineEvents } from './define-events.ts'
import type { EnvelopeOf, NewEventOf } from './define-events.ts'

const Cart = defineEvents({
  ItemAdded: z.object({ sku: z.string(), quantity: z.number().default(1) }),
  PriceSet: { schema: z.object({ cents: z.bigint() }), version: 2 },
  CheckedOut: z.object({ note: z.string().optional() }),
})

type CartEnvelope = EnvelopeOf<typeof Cart>
type CartEvent = NewEventOf<typeof Cart>

/** Never called: the lines below are judged by the compiler. */
function judged(): void {
  // @ts-expect-error -- the data is missing
  Cart.ItemAdded()
  // @ts-expect-error -- a required member is missing
  Cart.ItemAdded({})
  // @ts-expect-error -- the member has another type
  Cart.ItemAdded({ sku: 1 })
  // @ts-expect-error -- no such member
  Cart.ItemAdded({ sku: 'a', colour: 'red' })
  // @ts-expect-error -- no such type of event
  expectTypeOf(Cart.ItemRemoved)
  // @ts-expect-error -- the data decides the schema version, not the caller
  Cart.CheckedOut({}, { schemaVersion: 3 })
  // @ts-expect-error -- a version without its schema
  defineEvents({ A: { version: 1 } })
  // @ts-expect-error -- a schema is required, a plain type does not do
  defineEvents({ A: 'string' })
  // @ts-expect-error -- of the defined types only
  Cart.$.types.includes('ItemRemoved')
}

function describeEvent(event: CartEnvelope): string {
  switch (event.type) {
    case 'ItemAdded':
      return event.data.sku
    case 'PriceSet':
      return event.data.cents.toString()
    case 'CheckedOut':
      return event.data.note ?? 'none'
    default:
      return event satisfies never
  }
}

function forgetful(event: CartEnvelope): string {
  switch (event.type) {
    case 'ItemAdded':
    case 'CheckedOut':
      return event.type
    default:
      // @ts-expect-error -- PriceSet is not handled
      return event satisfies never
  }
}

describe('the types of defined events', () => {
  test('take what the schema takes and give what it gives', () => {
    expectTypeOf(Cart.ItemAdded).parameter(0).toEqualTypeOf<{ sku: string; quantity?: number | undefined }>()
    expectTypeOf(Cart.ItemAdded).returns.toEqualTypeOf<
      NewEvent<'ItemAdded', { sku: string; quantity: number }>
    >()
    expectTypeOf(Cart.PriceSet).returns.toEqualTypeOf<NewEvent<'PriceSet', { cents: bigint }>>()
  })

  test('let the data out where the schema accepts {}', () => {
    expectTypeOf(Cart.CheckedOut).toBeCallableWith()
    expectTypeOf(Cart.CheckedOut).parameter(0).toEqualTypeOf<{ note?: string | undefined } | undefined>()
    expect(Cart.CheckedOut().data).toEqual({})
  })

  test('unite envelopes and new events, told apart by type', () => {
    expectTypeOf<CartEnvelope['type']>().toEqualTypeOf<'ItemAdded' | 'PriceSet' | 'CheckedOut'>()
    expectTypeOf<Extract<CartEnvelope, { type: 'PriceSet' }>>().toEqualTypeOf<
      Envelope<'PriceSet', { cents: bigint }>
    >()
    expectTypeOf<CartEvent['type']>().toEqualTypeOf<'ItemAdded' | 'PriceSet' | 'CheckedOut'>()
    expectTypeOf<ReturnType<typeof Cart.$.parse>>().toEqualTypeOf<CartEnvelope>()
    expectTypeOf(Cart.$.types).items.toEqualTypeOf<'ItemAdded' | 'PriceSet' | 'CheckedOut'>()
  })

  test('make a forgotten case a compile error', () => {
    expectTypeOf(describeEvent).returns.toEqualTypeOf<string>()
    expectTypeOf(forgetful).parameter(0).toEqualTypeOf<CartEnvelope>()
    expectTypeOf(judged).returns.toBeVoid()
  })

  test('of a new event go wherever new events go', () => {
    expectTypeOf<CartEvent>().toExtend<NewEvent>()
    expectTypeOf<CartEnvelope>().toExtend<Envelope>()
  })
})
