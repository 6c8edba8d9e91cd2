import type { ProcessingFact } from '@millrace/processing'
import { expect, test } from 'vitest'

import { toAppChange } from './app-change.ts'

const at = { processor: 'orders', partition: 2 }
const checkpoint = { generation: 'g', commit: 7, index: 1 }

test.each<[fact: ProcessingFact, change: string, detail: string]>([
  [{ ...at, kind: 'processor-advanced', checkpoint, records: 3 }, 'advanced', 'g:7:1'],
  [{ ...at, kind: 'partition-changed', state: 'failing' }, 'state', 'failing'],
  [{ ...at, kind: 'record-parked', recordId: 'r', reason: 'no' }, 'parked', 'r'],
  [{ ...at, kind: 'record-skipped', recordId: 'r', reason: 'no' }, 'skipped', 'r'],
  [{ ...at, kind: 'record-unparked', recordId: 'r', reason: undefined }, 'unparked', 'r'],
  [{ ...at, kind: 'attempts-unknown', count: 4 }, 'attempts-unknown', '4'],
  [{ ...at, kind: 'write-refused', epoch: 6 }, 'write-refused', '6'],
  [{ ...at, kind: 'problem', error: 'away' }, 'problem', 'away'],
])('%o becomes news of its processor', (fact, change, detail) => {
  expect(toAppChange(fact)).toEqual({ kind: 'processor', name: 'orders', partition: 2, change, detail })
})

test('a delivery that was opened has neither attempt nor error yet', () => {
  const delivery = { id: 'd', action: 'send', recordId: 'r', change: 'opened' } as const
  expect(
    toAppChange({ ...at, ...delivery, kind: 'delivery-changed', attempt: undefined, error: undefined }),
  ).toEqual({ kind: 'delivery', ...at, ...delivery, attempt: null, error: null })
})
