import { EventStoreContext } from '@millrace/conformance'
import type { EventStoreDeclaration } from '@millrace/conformance'
import { createStreamId } from '@millrace/contracts'
import { expect, test } from 'vitest'

import { openMemoryStore } from './open-memory-store.ts'

const event = { type: 'fact-recorded', data: { at: 1 }, occurredAt: new Date(5) }

function declared(opener: { readonly module?: string; readonly export: string }): EventStoreDeclaration {
  const module = new URL('./index.ts', import.meta.url).href
  return {
    name: 'memory, one store for each process',
    open: async () => await openMemoryStore(),
    durability: { kind: 'gone-when-closed', why: 'memory' },
    lanes: {
      kind: 'processes',
      why: 'to try the lanes',
      opener: { module, argument: () => ({ name: 'lane' }), ...opener },
    },
    capabilities: { multiStreamCommits: true },
  }
}

test('four lanes run in processes of their own and bring results and typed errors back', async () => {
  await using context = await EventStoreContext.open(declared({ export: 'openMemoryStore' }))
  const lanes = await context.lanes()
  const id = createStreamId('cart', 'a')
  const receipts = await Promise.all(
    lanes.map(async (lane) => await lane.append(id, [event], { expectedVersion: 'no-stream' })),
  )
  // Each process has a memory of its own: had they shared one, three of them would have lost.
  expect(receipts.map(({ version }) => version)).toEqual([1, 1, 1, 1])
  await expect(lanes[0]?.append(id, [event], { expectedVersion: 7 })).rejects.toMatchObject({
    name: 'ConcurrencyError',
    code: 'ERR_CONCURRENCY',
    retryable: true,
    conflict: { streamId: id, expected: 7, actual: 1 },
  })
  const write = { streamId: createStreamId('cart', 'b'), events: [event], expectedVersion: 'any' } as const
  await expect(lanes[0]?.commit([write], {})).resolves.toMatchObject({ replayed: false })
  const [position] = receipts.map((receipt) => receipt.position)
  if (position === undefined) throw new Error('an append of one event has a position')
  const sighting = { after: { ...position, commit: 0 }, types: ['fact-recorded'], count: 2, maxRecords: 1 }
  const seen = await lanes[0]?.follow(sighting)
  expect(seen?.map(({ commit, index }) => [commit, index])).toEqual([
    [1, 0],
    [2, 0],
  ])
})

test('a lane whose store cannot be opened says why', async () => {
  await using missing = await EventStoreContext.open(declared({ export: 'openNothing' }))
  await expect(missing.lanes()).rejects.toThrow(/has no export openNothing/)
})
