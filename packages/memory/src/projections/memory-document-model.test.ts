import type { DocumentChange } from '@millrace/contracts'
import { expect, test } from 'vitest'

import { MemoryDocumentModel } from './memory-document-model.ts'

const change = (key: string, commit: number): DocumentChange => ({
  key,
  state: { commit },
  position: { commit, index: 0 },
  continues: 0,
})
const deletion = (key: string, commit: number): DocumentChange => ({
  ...change(key, commit),
  state: undefined,
  position: { commit, index: 1 },
})

test('a document that two partitions write is refused, and nothing of that batch is saved', () => {
  const model = new MemoryDocumentModel()
  model.save([change('a', 5)], { partition: 1 })
  expect(() => model.save([change('b', 6), change('a', 4)], { partition: 0 })).toThrow(
    expect.objectContaining({ code: 'ERR_INVALID_VALUE', field: 'key' }) as Error,
  )
  expect(() => model.save([change('a', 6)], { partition: 2 })).toThrow(/belongs to partition 1, not 2/)
  expect([...model.read(['a', 'b']).values()].map(({ state }) => state)).toEqual([{ commit: 5 }])
  model.save([deletion('a', 7)], { partition: 1 })
  model.save([change('a', 8)], { partition: 2 })
  expect(model.list()).toEqual([
    { key: 'a', state: { commit: 8 }, position: { commit: 8, index: 0 }, revision: 1 },
  ])
})

test('what was deleted is remembered for longer than a batch, and not for ever', async () => {
  const model = new MemoryDocumentModel()
  for (let n = 1; n <= 50_000; n++) {
    model.save([change(`k${n}`, n)], { partition: 0 })
    model.save([deletion(`k${n}`, n)], { partition: 0 })
  }
  // Handled again: the place of what deleted it says that it was.
  model.save([change('k50000', 50_000)], { partition: 0 })
  expect(model.list()).toEqual([])
  const known = await model.load(Array.from({ length: 50_000 }, (_, n) => `k${n + 1}`))
  expect(known.size).toBe(20_000)
})
