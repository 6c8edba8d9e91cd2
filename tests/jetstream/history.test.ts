import { createStreamId } from '@millrace/contracts'
import { expect, test } from 'vitest'

import { isSound, judgeHistory, underWay } from './support/history.ts'
import type { AppendOutcome, RecordedAppend, StoredFact } from './support/history.ts'

const streamId = createStreamId('order', '1')

const append = (ids: string, outcome: AppendOutcome, ms = 1): RecordedAppend => ({
  streamId,
  ids: ids.split(''),
  outcome,
  begin: 100,
  ms,
})
const stored = (ids: string): StoredFact[] => ids.split('').map((id, i) => ({ id, streamId, version: i + 1 }))
const acknowledged = (version: number): AppendOutcome => ({ kind: 'acknowledged', version })
const unknown: AppendOutcome = { kind: 'unknown', error: 'time out' }

const history = [
  append('ab', acknowledged(2), 70),
  append('c', { kind: 'conflict' }),
  append('d', unknown),
  append('ef', unknown),
]

test('a history whose acknowledged events are there once is sound, whatever became of the unknown ones', () => {
  for (const [ids, unknownStored] of [
    ['ab', 0],
    ['abd', 1],
    ['abdef', 2],
    ['abef', 1],
  ] as const) {
    const verdict = judgeHistory(history, stored(ids))
    expect(verdict).toMatchObject({ lost: 0, duplicated: 0, gaps: 0, ghosts: 0, unknownStored })
    expect(verdict).toMatchObject({ acknowledgedEvents: 2, conflicts: 1, unknownAppends: 2, longestMs: 70 })
    expect(isSound(verdict)).toBe(true)
  }
})

test.each([
  ['an acknowledged event that is gone', stored('a'), { lost: 1 }],
  ['acknowledged events that swapped places', stored('ba'), { lost: 2 }],
  ['an event that is there twice', stored('abb'), { lost: 1, duplicated: 1 }],
  ['a version that is left out', stored('abd').with(2, { id: 'd', streamId, version: 4 }), { gaps: 1 }],
  ['an event of a refused append', stored('abc'), { ghosts: 1 }],
  ['half of an append', stored('abe'), { ghosts: 1 }],
  ['an event of nobody', stored('abx'), { ghosts: 1 }],
])('%s is found', (_what, facts, found) => {
  const verdict = judgeHistory(history, facts)
  expect(verdict).toMatchObject(found)
  expect(isSound(verdict)).toBe(false)
})

test('an append is under way from its begin to its end', () => {
  expect([99, 100, 101, 102, 171].map((moment) => underWay(history, moment))).toEqual([0, 4, 4, 1, 0])
})
