import { parsePosition } from '@millrace/contracts'
import { expect, test } from 'vitest'

import { released, taken } from './lease.ts'
import { firstRecord } from './records.ts'
import type { PartitionRecord } from './records.ts'

const start = parsePosition('g1:0:0')
const asked = {
  key: { processor: 'totals', partition: 0 },
  options: { owner: 'heir', ttlMs: 5_000 },
  free: firstRecord(start),
}
const held: PartitionRecord = { ...firstRecord(start), epoch: 4, owner: 'holder', ttlMs: 10_000 }
/** Of the server, years away from any clock of this process. */
const writtenAt = 1_000_000
const entry = (value: PartitionRecord | undefined): Parameters<typeof taken>[1] => ({
  sequence: 7,
  time: writtenAt,
  value,
})

test('a lease lasts from the time of its message, by the clock that stamped it', () => {
  const until = new Date(writtenAt + 10_000)
  for (const now of [writtenAt, writtenAt + 9_999, writtenAt - 60_000])
    expect(taken(asked, entry(held), now)).toEqual({
      kind: 'keep',
      result: { kind: 'busy', heldBy: 'holder', until },
    })
  expect(taken(asked, entry(held), writtenAt + 10_000)).toMatchObject({
    kind: 'write',
    value: { epoch: 5, owner: 'heir', ttlMs: 5_000, checkpoint: start },
    result: { kind: 'granted', lease: { epoch: 5, owner: 'heir', checkpoint: start } },
  })
})

test('a time that is not known ends no lease', () => {
  expect(taken(asked, entry(held), Number.NaN)).toMatchObject({ kind: 'keep' })
  expect(taken(asked, { ...entry(held), time: undefined }, writtenAt * 2)).toMatchObject({ kind: 'keep' })
})

test('a lease that was given back, never taken or held by the same owner is free at any time', () => {
  for (const value of [undefined, { ...held, owner: undefined }, { ...held, owner: 'heir' }]) {
    const epoch = (value?.epoch ?? 0) + 1
    expect(taken(asked, entry(value), 0)).toMatchObject({ kind: 'write', value: { epoch } })
  }
})

test('giving back keeps the epoch and the checkpoint', () => {
  const lease = { processor: 'totals', partition: 0, owner: 'holder', epoch: 4, checkpoint: start }
  expect(released(lease, entry(held))).toMatchObject({
    kind: 'write',
    value: { epoch: 4, owner: undefined, checkpoint: start },
  })
  expect(released({ ...lease, epoch: 3 }, entry(held))).toEqual({ kind: 'keep', result: undefined })
})
