import { afterEach, expect, test } from 'vitest'

import { cart } from '../../fixtures/cart.ts'
import { assertSpecsFinished, forgetOpenSpecs } from './open-specs.ts'
import { specUpcasters } from './spec-upcasters.ts'
import { spec } from './spec.ts'

afterEach(forgetOpenSpecs)

const repeat = { type: 'repeat' } as const

test('a spec that asserts nothing is named with its place', () => {
  spec(cart).when(repeat)
  expect(assertSpecsFinished).toThrow(/asserts nothing.*\n.*open-specs\.test\.ts:\d+/)
  expect(assertSpecsFinished).not.toThrow()
})

test.each([
  ['a history that nothing follows', () => spec(cart).given([])],
  ['a command that was tried after another', () => spec(cart).when(repeat).thenNothing().when(repeat)],
  ['stored events that nothing was asked about', () => specUpcasters({ upcast: () => [] }).given([])],
])('%s counts as one', (_, begin) => {
  begin()
  expect(assertSpecsFinished).toThrow('asserts nothing')
})

test('a failed assertion is one, and a decider alone is no spec yet', () => {
  const base = spec(cart)
  expect(() => base.when(repeat).rejects('cart-closed')).toThrow('expected the command')
  expect(assertSpecsFinished).not.toThrow()
})
