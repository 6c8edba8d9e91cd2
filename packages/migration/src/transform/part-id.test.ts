import { createIdFactory, isUlid, ulidTime } from '@millrace/contracts'
import type { EventId } from '@millrace/contracts'
import fc from 'fast-check'
import { expect, test } from 'vitest'

import { partId } from './part-id.ts'

const mint = createIdFactory()
const ids = fc.constant(undefined).map(() => mint())

test('the first part keeps the id', () => {
  const id = mint()
  expect(partId(id, 0)).toBe(id)
})

test('every other part has an id of its own, of the same time, and the same one each time', () => {
  fc.assert(
    fc.property(ids, fc.integer({ min: 1, max: 500 }), (id: EventId, index) => {
      const derived = partId(id, index)
      expect(isUlid(derived)).toBe(true)
      expect(ulidTime(derived)).toBe(ulidTime(id))
      expect(derived).not.toBe(id)
      expect(partId(id, index)).toBe(derived)
    }),
  )
})

test('no two parts of two events share an id', () => {
  const all = Array.from({ length: 200 }, () => mint()).flatMap((id) =>
    Array.from({ length: 10 }, (_, index) => partId(id, index)),
  )
  expect(new Set(all).size).toBe(all.length)
})
