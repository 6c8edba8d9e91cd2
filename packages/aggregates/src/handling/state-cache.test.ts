import { createStreamId } from '@millrace/contracts'
import { expect, test } from 'vitest'

import { StateCache } from './state-cache.ts'

const id = (key: string) => createStreamId('cart', key)
const at = (version: number) => ({ state: version, version, commitId: undefined })

test('the state that was not used for longest makes room', () => {
  const cache = new StateCache<number>(2)
  cache.set(id('a'), at(1))
  cache.set(id('b'), at(2))
  expect(cache.get(id('a'))).toEqual(at(1))
  cache.set(id('c'), at(3))
  expect([cache.get(id('a')), cache.get(id('b')), cache.get(id('c'))]).toEqual([at(1), undefined, at(3)])
})

test('a newer state takes the place of the older one', () => {
  const cache = new StateCache<number>(2)
  cache.set(id('a'), at(1))
  cache.set(id('b'), at(2))
  cache.set(id('a'), at(3))
  cache.set(id('c'), at(4))
  expect([cache.get(id('a')), cache.get(id('b'))]).toEqual([at(3), undefined])
})

test('a stream without events is not kept, and forgets what was', () => {
  const cache = new StateCache<number>(2)
  cache.set(id('a'), at(1))
  cache.set(id('a'), at(0))
  expect(cache.get(id('a'))).toBeUndefined()
})

test('a cache of none keeps none', () => {
  const cache = new StateCache<number>(0)
  cache.set(id('a'), at(1))
  expect(cache.get(id('a'))).toBeUndefined()
})
