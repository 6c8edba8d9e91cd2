import type { DocumentChange } from '@millrace/contracts'
import { expect, test } from 'vitest'

import { WrittenDocuments } from './written-documents.ts'

const owner = { partition: 0, epoch: 7 }

function change(key: string, continues = 0): DocumentChange {
  return { key, state: undefined, position: { commit: 3, index: 1 }, continues }
}

test('what an owner wrote is found as the table would give it', () => {
  const written = new WrittenDocuments(10_000)
  written.keep(change('a', 4), '{"sum":12}', owner)
  expect(written.find(['a', 'b'], owner)).toEqual(
    new Map([['a', { key: 'a', state: { sum: 12 }, position: { commit: 3, index: 1 }, revision: 5 }]]),
  )
})

test('what a reader does with a document does not change what is remembered', () => {
  const written = new WrittenDocuments(10_000)
  written.keep(change('a'), '{"sum":12}', owner)
  const [found] = written.find(['a'], owner).values()
  Object.assign(found?.state as object, { sum: 99 })
  expect(written.find(['a'], owner).get('a')?.state).toEqual({ sum: 12 })
})

test('another epoch and another partition find nothing', () => {
  const written = new WrittenDocuments(10_000)
  written.keep(change('a'), '{}', owner)
  expect(written.find(['a'], { partition: 0, epoch: 8 }).size).toBe(0)
  expect(written.find(['a'], { partition: 1, epoch: 7 }).size).toBe(0)
})

test('what is removed or forgotten is not found', () => {
  const written = new WrittenDocuments(10_000)
  written.keep(change('a'), '{}', owner)
  written.keep(change('b'), '{}', owner)
  written.keep(change('c'), '{}', { partition: 1, epoch: 7 })
  written.remove('a')
  expect([...written.find(['a', 'b'], owner).keys()]).toEqual(['b'])
  written.forget(0)
  expect(written.find(['b'], owner).size).toBe(0)
  expect(written.find(['c'], { partition: 1, epoch: 7 }).size).toBe(1)
})

test('its size is bounded, and what was written last stays', () => {
  const written = new WrittenDocuments(10_000)
  for (let i = 0; i < 1000; i++) written.keep(change(`k${i}`), 'x'.repeat(300), owner)
  expect(written.count).toBeLessThanOrEqual(20)
  written.keep(change('again'), '1', owner)
  for (let i = 0; i < 1000; i++) written.keep(change('again', i), '1', owner)
  expect(written.count).toBeGreaterThan(10)
  expect(written.find(['again'], owner).get('again')?.revision).toBe(1000)
  written.keep(change('huge'), 'x'.repeat(20_000), owner)
  expect(written.count).toBe(0)
})
