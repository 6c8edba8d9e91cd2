import { expect, test } from 'vitest'

import { cart, Door, door } from '../../fixtures/cart.ts'
import { guardSpecs } from '../vitest/guard-specs.ts'
import { spec } from './spec.ts'

guardSpecs()

const openDoor = { type: 'open', by: 'ada' } as const

test('a machine tells its events, its state and its effects in order', () => {
  spec(door)
    .when(openDoor)
    .then([Door.Opened({ by: 'ada' })])
    .thenState({ kind: 'open', by: 'ada' })
    .effects([{ type: 'light' }, { type: 'ring' }])
    .when({ type: 'close' })
    .effects([{ type: 'dark' }])
    .thenState({ kind: 'closed' })
})

test('a machine refuses by guard and by state, without effects', () => {
  spec(door).when({ type: 'open', by: 'stranger' }).rejects('no-strangers').thenState({ kind: 'closed' })
  spec(door)
    .given([Door.Opened({ by: 'ada' })])
    .when(openDoor)
    .rejects('command-not-accepted')
})

test('as a decider it has the same decisions', () => {
  spec(door.toDecider())
    .when(openDoor)
    .then([Door.Opened({ by: 'ada' })])
})

test('effects are compared in order, none missing and none extra', () => {
  const opening = spec(door).when(openDoor)
  expect(() => opening.effects([{ type: 'ring' }, { type: 'light' }])).toThrow(
    'the effects are not as expected',
  )
  expect(() => opening.effects([{ type: 'light' }])).toThrow("+     type: 'ring'")
  expect(() => opening.effects([{ type: 'light' }, { type: 'ring' }, { type: 'dark' }])).toThrow(
    "-     type: 'dark'",
  )
  expect(() => spec(door).when({ type: 'close' }).effects([])).toThrow('expected the command to be accepted')
})

test('only machines have effects', () => {
  expect('effects' in spec(cart).when({ type: 'repeat' }).thenNothing()).toBe(false)
})
