import { defineFailpoint } from '@millrace/contracts'
import type { NewEventOf } from '@millrace/contracts'
import { describe, expect, expectTypeOf, test } from 'vitest'

import { added, cart, Door, door } from '../../fixtures/cart.ts'
import type { Cart, CartCommand, CartState, DoorCommand, DoorEffect, DoorState } from '../../fixtures/cart.ts'
import { crashAt } from '../failpoints/crash-at.ts'
import { specUpcasters } from './spec-upcasters.ts'
import { spec } from './spec.ts'
import type { DeciderSpec, MachineSpec } from './spec.ts'

type CartEvent = NewEventOf<typeof Cart>
type DoorEvent = NewEventOf<typeof Door>

const upcasters = {
  upcast: () => [],
  migrateToCurrent: (): readonly ReturnType<typeof added>[] => [],
}

const forCart = (): DeciderSpec<CartState, CartCommand, CartEvent> => spec(cart)
const forDoor = (): MachineSpec<DoorState, DoorCommand, DoorEvent, DoorEffect> => spec(door)

/** Never called: the lines below are judged by the compiler. */
function judged(): void {
  const [given, decision, opening] = [
    forCart(),
    forCart().when({ type: 'repeat' }),
    forDoor().when({ type: 'close' }),
  ]
  // @ts-expect-error -- no such command
  given.when({ type: 'throw-away' })
  // @ts-expect-error -- a member of the command has another type
  given.when({ type: 'add', sku: 'a', cents: 1 })
  // @ts-expect-error -- a member of the command is missing
  given.when({ type: 'add', sku: 'a' })
  // @ts-expect-error -- the command is missing
  given.when()
  // @ts-expect-error -- an event of another aggregate was given
  given.given([Door.Opened({ by: 'ada' })])
  // @ts-expect-error -- an event of another aggregate is expected
  decision.then([Door.Opened({ by: 'ada' })])
  // @ts-expect-error -- an event is no list of events
  decision.then(added('a'))
  // @ts-expect-error -- no such type of event
  given.given([{ type: 'ItemRemoved', data: {} }])
  // @ts-expect-error -- the data of the event has another type
  given.given([{ type: 'ItemAdded', data: { sku: 1 } }])
  // @ts-expect-error -- a partial match names members that there are
  decision.thenMatching([{ type: 'ItemAdded', data: { colour: 'red' } }])
  // @ts-expect-error -- the state has other members
  given.thenState({ skus: [] })
  // @ts-expect-error -- facts are JSON
  decision.rejects('cart-closed', { at: new Date() })
  // @ts-expect-error -- no such effect
  opening.effects([{ type: 'explode' }])
  const conversion = specUpcasters(upcasters).given({ type: 'A', data: {} })
  // @ts-expect-error -- the upcasters lead to no such event
  conversion.becomes([Door.Closed()])
  // @ts-expect-error -- no place of this name
  crashAt('append:before-lunch')
}

describe('the types of a spec', () => {
  test('follow the decider and the machine', () => {
    expectTypeOf(judged).returns.toBeVoid()
    expectTypeOf<Parameters<ReturnType<typeof forDoor>['when']>>().toEqualTypeOf<[DoorCommand]>()
    expectTypeOf<ReturnType<ReturnType<typeof forDoor>['when']>>().toHaveProperty('effects')
    expectTypeOf<ReturnType<ReturnType<typeof forCart>['when']>>().not.toHaveProperty('effects')
    const places = [defineFailpoint('checkout:before-charge'), 'append:before-commit'] as const
    expectTypeOf(places[0]).toExtend<Parameters<typeof crashAt>[0]>()
    expect(places).toHaveLength(2)
  })
})
