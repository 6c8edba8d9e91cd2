import { describe, expect, expectTypeOf, test } from 'vitest'
import { z } from 'zod'

import type { Serializer } from '../codec/serializer.ts'
import { defineEvents } from './define-events.ts'
import { assertRoundTrip } from './round-trip.ts'

const Cart = defineEvents({
  ItemAdded: z.object({
    sku: z.string(),
    at: z.date(),
    cents: z.bigint(),
    image: z.instanceof(Uint8Array).optional(),
  }),
  CheckedOut: z.object({}),
})
const added = Cart.ItemAdded({ sku: 'a', at: new Date(5), cents: 12n, image: new Uint8Array([1]) })

const refusal = (message: string): unknown =>
  expect.objectContaining({ code: 'ERR_EVENT_SERIALIZATION', message })

describe('assertRoundTrip', () => {
  test('is content with data that comes back as it was', () => {
    expect(() => assertRoundTrip(Cart, [added, Cart.CheckedOut()])).not.toThrow()
  })

  test('counts an undefined member as absent', () => {
    const sparse = Cart.ItemAdded({ sku: 'a', at: new Date(5), cents: 1n, image: undefined })
    expect(() => assertRoundTrip(Cart, [sparse, Cart.CheckedOut()])).not.toThrow()
  })

  test('asks for a sample of every type', () => {
    expect(() => assertRoundTrip(Cart, [added])).toThrow(
      refusal('event CheckedOut: no sample of it was given'),
    )
  })

  test('takes samples of the defined types only', () => {
    const Other = defineEvents({ Renamed: z.object({ name: z.string() }) })
    // @ts-expect-error -- not an event of a cart
    expect(() => assertRoundTrip(Cart, [Other.Renamed({ name: 'x' })])).toThrow(
      expect.objectContaining({ code: 'ERR_UNKNOWN_EVENT_VERSION' }),
    )
    expectTypeOf(assertRoundTrip).returns.toBeVoid()
  })

  test('finds a schema that changes what it has changed already', () => {
    const Doubling = defineEvents({
      Set: z.object({ deep: z.array(z.object({ n: z.number().transform((n) => n * 2) })) }),
    })
    expect(() => assertRoundTrip(Doubling, [Doubling.Set({ deep: [{ n: 0 }, { n: 1 }] })])).toThrow(
      refusal('event Set: data.deep.1.n comes back from storage with another value'),
    )
  })

  test('finds a schema that does not take its own output', () => {
    const Lengths = defineEvents({ Set: z.object({ n: z.string().transform((text) => text.length) }) })
    expect(() => assertRoundTrip(Lengths, [Lengths.Set({ n: 'abc' })])).toThrow(/^event Set: data\.n: /)
  })

  test('finds data the serializer refuses', () => {
    const Any = defineEvents({ Set: z.object({ what: z.unknown() }) })
    expect(() => assertRoundTrip(Any, [Any.Set({ what: new Map() })])).toThrow(
      /^event Set: data\.what: must be/,
    )
  })

  test('finds data that changes its kind on the way: a Buffer comes back as plain bytes', () => {
    const Any = defineEvents({ Set: z.object({ what: z.unknown() }) })
    expect(() => assertRoundTrip(Any, [Any.Set({ what: Buffer.from('a') })])).toThrow('data.what comes back')
  })

  test('finds what a lossy serializer loses', () => {
    const lossy: Serializer = {
      contentType: 'application/x-lossy',
      serialize: (data) => JSON.stringify(data),
      deserialize: (payload) => JSON.parse(String(payload)) as unknown,
    }
    const Dated = defineEvents({ Set: z.object({ when: z.unknown(), list: z.unknown() }) })
    expect(() => assertRoundTrip(Dated, [Dated.Set({ when: new Date(5), list: [] })], lossy)).toThrow(
      'data.when comes back',
    )
    expect(() => assertRoundTrip(Dated, [Dated.Set({ when: 1, list: [] })], lossy)).not.toThrow()
  })
})
