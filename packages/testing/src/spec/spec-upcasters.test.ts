import type { Envelope } from '@millrace/contracts'
import { describe, expect, test } from 'vitest'

import { Cart, noon } from '../../fixtures/cart.ts'
import { guardSpecs } from '../vitest/guard-specs.ts'
import { specDowncasters, specUpcasters } from './spec-upcasters.ts'

guardSpecs()

const upcasters = {
  upcast: (envelope: Envelope): readonly Envelope[] => {
    const { data } = envelope
    if (envelope.type === 'HeartbeatSeen') return []
    if (envelope.type === 'CartFilled')
      return (data as readonly string[]).map((sku) => ({
        ...envelope,
        type: 'ItemAdded',
        schemaVersion: 2,
        data: item(sku),
      }))
    if (envelope.type === 'Broken') throw new TypeError('cannot be lifted')
    return [envelope]
  },
}

const item = (sku: string): object => ({ sku, cents: 1n, at: noon })
const added = (sku: string): ReturnType<typeof Cart.ItemAdded> => Cart.ItemAdded({ sku, cents: 1n, at: noon })

describe('a spec of upcasters', () => {
  test('compares what readers get, in order, over one stored event or several', () => {
    specUpcasters(upcasters)
      .given({ type: 'CartFilled', data: ['a', 'b'] })
      .becomes([added('a'), added('b')])
    specUpcasters(upcasters)
      .given([{ type: 'CartFilled', data: ['a'] }, { type: 'HeartbeatSeen', data: {} }, Cart.CheckedOut()])
      .becomes([added('a'), Cart.CheckedOut()])
    specUpcasters(upcasters).given({ type: 'HeartbeatSeen', data: {} }).becomesNothing()
  })

  test('fails for another order, missing and extra events and members', () => {
    const filled = specUpcasters(upcasters).given({ type: 'CartFilled', data: ['a', 'b'] })
    expect(() => filled.becomes([added('b'), added('a')])).toThrow('in another order')
    expect(() => filled.becomes([added('a')])).toThrow('expected 1 event, there are 2')
    expect(() => filled.becomesNothing()).toThrow('expected 0 events, there are 2')
    const noted = Cart.ItemAdded({ sku: 'a', cents: 1n, at: noon, note: 'gift' })
    expect(() => filled.becomes([noted, added('b')])).toThrow("-       note: 'gift',")
    expect(() => filled.becomes([{ ...added('a'), schemaVersion: 1 }, added('b')])).toThrow(
      '-     schemaVersion: 1',
    )
  })

  test('expects a failure where one is expected', () => {
    const broken = specUpcasters(upcasters).given({ type: 'Broken', data: {} })
    broken.throws({ code: 'ERR_UPCASTER_FAILED' })
    expect(() => broken.throws(/something else/)).toThrow('something else')
    const fine = specUpcasters(upcasters).given(Cart.CheckedOut())
    expect(() => fine.throws(TypeError)).toThrow('Missing expected exception')
  })

  test('finds upcasters that give something else each time', () => {
    let calls = 0
    const moody = { upcast: (envelope: Envelope) => [{ ...envelope, data: { calls: (calls += 1) } }] }
    expect(() => specUpcasters(moody).given(Cart.CheckedOut()).becomes([])).toThrow(
      'the same stored events become something else each time',
    )
  })
})

describe('a spec of downcasters', () => {
  const downcasters = {
    downcast: (envelope: Envelope, toVersion: number): Envelope => {
      if (envelope.type === 'CheckedOut') throw new RangeError('no older form')
      return { ...envelope, schemaVersion: toVersion, data: (envelope.data as { readonly sku: string }).sku }
    },
  }

  test('compares what older readers get', () => {
    specDowncasters(downcasters)
      .given(added('a'))
      .as(1)
      .becomes([{ type: 'ItemAdded', data: 'a' }])
    expect(() =>
      specDowncasters(downcasters)
        .given(added('a'))
        .as(1)
        .becomes([{ type: 'ItemAdded', data: 'b' }]),
    ).toThrow("-     data: 'b'")
  })

  test('expects a failure where there is no older form', () => {
    specDowncasters(downcasters).given(Cart.CheckedOut()).as(1).throws(RangeError)
  })
})
