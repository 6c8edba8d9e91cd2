import { InvalidValueError, UnknownEventVersionError } from '@millrace/contracts'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { Cart, cart } from '../../fixtures/cart.ts'
import type { CartCommand, CartEvent, CartState } from '../../fixtures/cart.ts'
import { defineDecider } from './define-decider.ts'
import { fold } from './fold.ts'
import { handleSync } from './handle-sync.ts'
import { isRejection, reject } from './rejection.ts'

const added = (sku: string, quantity = 1): CartEvent => Cart.ItemAdded({ sku, quantity })

const sku = fc.constantFrom('a', 'b', 'c')
const anyCommand: fc.Arbitrary<CartCommand> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ type: fc.constant('add'), sku, quantity: fc.integer() }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('remove'), sku }) },
  { weight: 1, arbitrary: fc.constant({ type: 'checkOut' } as const) },
)

describe('a defined decider', () => {
  test('knows the definitions of its events', () => {
    expect(cart.events).toBe(Cart)
  })

  test('evolves each event with the case of its type', () => {
    const state = fold(cart, [added('a'), added('b', 2), added('a', 3), Cart.ItemRemoved({ sku: 'b' })])
    expect(state).toEqual({ items: { a: 4 }, isClosed: false })
    expect(fold(cart, [Cart.CheckedOut()], state)).toEqual({ items: { a: 4 }, isClosed: true })
  })

  test('refuses to be defined with a case missing, or with one too many', () => {
    const { initial, decide } = cart
    const ItemAdded = (state: CartState): CartState => state
    const define = (evolve: object): unknown =>
      defineDecider(Cart, { initial, decide, evolve: evolve as never })
    expect(() => define({ ItemAdded })).toThrow(new InvalidValueError('evolve.ItemRemoved', 'a function'))
    const all = { ItemAdded, ItemRemoved: ItemAdded, CheckedOut: ItemAdded }
    expect(() => define({ ...all, toString: ItemAdded })).toThrow(
      new InvalidValueError('evolve.toString', 'one of ItemAdded, ItemRemoved, CheckedOut'),
    )
    expect(() => define(Object.create(all) as object)).toThrow(
      new InvalidValueError('evolve.ItemAdded', 'a function'),
    )
  })

  test('throws at an event it was not defined for', () => {
    const stranger = { type: 'Reopened', schemaVersion: 3, data: {} }
    expect(() => fold(cart, [stranger as never])).toThrow(new UnknownEventVersionError('Reopened', 3))
    const inherited = { type: 'toString', data: {} }
    expect(() => fold(cart, [inherited as never])).toThrow(UnknownEventVersionError)
  })
})

describe('a command handled in memory', () => {
  test('gives the events and the state after them', () => {
    const result = handleSync(cart, [added('a')], { type: 'add', sku: 'b', quantity: 2 })
    expect(result).toEqual({
      kind: 'accepted',
      events: [added('b', 2)],
      state: { items: { a: 1, b: 2 }, isClosed: false },
    })
  })

  test('may start from a state instead of a history', () => {
    const state = fold(cart, [added('a')])
    expect(handleSync(cart, { state }, { type: 'remove', sku: 'a' })).toMatchObject({
      kind: 'accepted',
      state: { items: {} },
    })
  })

  test('gives the reason why it was refused', () => {
    const result = handleSync(cart, [Cart.CheckedOut()], { type: 'checkOut' })
    expect(result).toEqual({
      kind: 'rejected',
      rejection: reject('cart-closed', 'a closed cart takes no command'),
    })
  })

  test('throws what the decider throws: a broken promise is no rejection', () => {
    const broken = { ...cart, decide: () => { throw new RangeError('broken') } } // prettier-ignore
    expect(() => handleSync(broken, [], { type: 'checkOut' })).toThrow(RangeError)
  })

  test('leads to the same state as a replay of all that was decided', () => {
    fc.assert(
      fc.property(fc.array(anyCommand), (commands) => {
        const history: CartEvent[] = []
        let state = cart.initial()
        for (const command of commands) {
          const result = handleSync(cart, { state }, command)
          if (result.kind === 'rejected') continue
          history.push(...result.events)
          state = result.state
        }
        expect(fold(cart, JSON.parse(JSON.stringify(history)) as CartEvent[])).toEqual(state)
      }),
    )
  })
})

describe('a rejection', () => {
  test('is told apart from events and from everything else', () => {
    expect(isRejection(reject('no', 'no', { by: 'Ada' }))).toBe(true)
    for (const other of [[], undefined, null, 'rejection', {}, { kind: 'moved' }])
      expect(isRejection(other)).toBe(false)
  })

  test('has no facts where none are given', () => {
    expect(reject('no', 'not now')).toEqual({ kind: 'rejection', code: 'no', message: 'not now', facts: {} })
  })
})
