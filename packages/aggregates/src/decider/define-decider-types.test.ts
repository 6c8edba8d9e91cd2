import type { NewEventOf } from '@millrace/contracts'
import { describe, expectTypeOf, test } from 'vitest'

import { Cart, cart } from '../../fixtures/cart.ts'
import type { CartCommand, CartEvent, CartState } from '../../fixtures/cart.ts'
import { Onboarding } from '../../fixtures/onboarding.ts'
import type { DefinedDecider } from './decider.ts'
import { defineDecider } from './define-decider.ts'
import { handleSync } from './handle-sync.ts'
import type { SyncResult } from './handle-sync.ts'
import { isRejection, reject } from './rejection.ts'
import type { Rejection } from './rejection.ts'

const initial = (): number => 0
const evolve = {
  ItemAdded: (state: number) => state + 1,
  ItemRemoved: (state: number) => state - 1,
  CheckedOut: (state: number) => state,
}

/** Never called: the lines below are judged by the compiler. */
function judged(): void {
  const forgetful = { ItemAdded: evolve.ItemAdded, ItemRemoved: evolve.ItemRemoved }
  // @ts-expect-error -- CheckedOut is forgotten
  defineDecider(Cart, { initial, decide: () => [], evolve: forgetful })
  // @ts-expect-error -- a case of no defined type
  defineDecider(Cart, { initial, decide: () => [], evolve: { ...evolve, Reopened: initial } })
  // @ts-expect-error -- a case that gives another state
  defineDecider(Cart, { initial, decide: () => [], evolve: { ...evolve, CheckedOut: () => 'closed' } })
  // @ts-expect-error -- an event of another definition
  defineDecider(Cart, { initial, decide: () => [Onboarding.Verified()], evolve })
  // @ts-expect-error -- an event with other data
  defineDecider(Cart, { initial, decide: () => [{ type: 'ItemAdded', data: { sku: 1 } }], evolve })
  // @ts-expect-error -- neither events nor a rejection
  defineDecider(Cart, { initial, decide: () => 'no', evolve })
  defineDecider(Cart, {
    initial,
    decide: () => [],
    evolve: {
      ...evolve,
      // @ts-expect-error -- the data has no such member
      ItemAdded: (state, event) => state + Number('price' in event ? 1 : event.data.price),
      // @ts-expect-error -- ids and times are not there when an event has just been decided
      CheckedOut: (state, { occurredAt }) => state + Number(occurredAt),
    },
  })
  // @ts-expect-error -- a command of another type
  handleSync(cart, [], { type: 'pay' })
  // @ts-expect-error -- a command with other data
  handleSync(cart, [], { type: 'add', sku: 7 })
  // @ts-expect-error -- a history of other events
  handleSync(cart, [Onboarding.Verified()], { type: 'checkOut' })
}

describe('the types of a decider', () => {
  test('are inferred from the definition', () => {
    expectTypeOf(cart).toEqualTypeOf<DefinedDecider<CartState, CartCommand, typeof Cart>>()
    expectTypeOf(cart.decide).returns.toEqualTypeOf<readonly NewEventOf<typeof Cart>[] | Rejection>()
    expectTypeOf(judged).returns.toBeVoid()
  })

  test('go through to the result of a command', () => {
    expectTypeOf(handleSync(cart, [], { type: 'checkOut' })).toEqualTypeOf<SyncResult<CartState, CartEvent>>()
  })

  test('tell a rejection by its code', () => {
    expectTypeOf(reject('closed', 'it is closed')).toEqualTypeOf<Rejection<'closed'>>()
    const outcome: readonly CartEvent[] | Rejection = cart.decide(cart.initial(), { type: 'checkOut' })
    if (!isRejection(outcome)) expectTypeOf(outcome).toEqualTypeOf<readonly CartEvent[]>()
  })
})
