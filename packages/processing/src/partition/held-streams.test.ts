import { createEventDecoder } from '@millrace/contracts'
import { expect, test } from 'vitest'

import type { DecodedRecord } from '../processor/handler-context.ts'
import { storedEvent } from '../stored-event.test.fixture.ts'
import { parkedOf } from './decode-batch.ts'
import { HeldStreams } from './held-streams.ts'

const decode = createEventDecoder()
const holding = { onParked: 'hold' } as const

function record(streamId: string, commit: number): DecodedRecord {
  const stored = storedEvent({
    streamId: streamId as never,
    id: `${streamId}-${commit}` as never,
    position: { generation: 'g', commit, index: 0 },
  })
  return { stored, envelopes: decode(stored) }
}

const ids = (records: readonly DecodedRecord[]): readonly string[] => records.map(({ stored }) => stored.id)

test('what follows a malformed record in its stream waits, what came before and other streams do not', () => {
  const held = new HeldStreams(holding)
  const malformed = [parkedOf(holding, record('cart-a', 2).stored, 'broken')]
  const records = [record('cart-a', 1), record('cart-b', 2), record('cart-a', 3)]
  const batch = held.withhold({ records, malformed })
  expect(ids(batch.records)).toEqual(['cart-a-1', 'cart-b-2'])
  expect(batch.malformed).toMatchObject([
    { recordId: 'cart-a-2', holds: 'cart-a' },
    { recordId: 'cart-a-3', holds: 'cart-a', waiting: true },
  ])
})

test('a stream is held from the moment its record is parked, until the store says otherwise', () => {
  const held = new HeldStreams(holding)
  const records = [record('cart-a', 4)]
  expect(ids(held.withhold({ records, malformed: [] }).records)).toEqual(['cart-a-4'])
  held.add([parkedOf(holding, record('cart-a', 2).stored, 'broken')])
  expect(held.withhold({ records, malformed: [] }).records).toEqual([])
  held.replace([])
  expect(ids(held.withhold({ records, malformed: [] }).records)).toEqual(['cart-a-4'])
})

test('a processor that releases holds nothing', () => {
  const releasing = { onParked: 'release' } as const
  const held = new HeldStreams(releasing)
  const parked = parkedOf(releasing, record('cart-a', 2).stored, 'broken')
  expect(parked).not.toHaveProperty('holds')
  held.add([parked])
  expect(ids(held.withhold({ records: [record('cart-a', 3)], malformed: [parked] }).records)).toEqual([
    'cart-a-3',
  ])
})
