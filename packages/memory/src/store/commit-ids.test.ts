import { createIdFactory, parseCommitId } from '@millrace/contracts'
import { expect, test } from 'vitest'

import { CommitIds } from './commit-ids.ts'

test('a commit is found by its id in whatever order the ids came', () => {
  const mint = createIdFactory()
  const ids = Array.from({ length: 500 }, () => parseCommitId(mint()))
  const shuffled = ids.toSorted((a, b) => (a.slice(-2) < b.slice(-2) ? -1 : 1))
  for (const order of [ids, ids.toReversed(), shuffled]) {
    const known = new CommitIds()
    for (const [i, id] of order.entries()) {
      expect(known.get(id)).toBeUndefined()
      known.add(id, i + 1)
    }
    for (const [i, id] of order.entries()) expect(known.get(id)).toBe(i + 1)
    expect(known.get(parseCommitId(mint()))).toBeUndefined()
    expect(known.get(parseCommitId('00000000000000000000000000'))).toBeUndefined()
  }
})
