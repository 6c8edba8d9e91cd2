import { createIdFactory, createStreamId } from '@millrace/contracts'
import type { Envelope } from '@millrace/contracts'
import { expect, test } from 'vitest'

import { eventSearch } from './search-indexes.ts'

const mint = createIdFactory()

function changed(state: string): Envelope {
  return {
    id: mint(),
    type: `issues.${state}`,
    data: { issue: { number: 7, title: 'It leaks', state } },
    streamId: createStreamId('github', 'octo/repo'),
    occurredAt: new Date('2026-11-20T10:00:00.000Z'),
  } as Partial<Envelope> as Envelope
}

test('trap 13: what happens to one issue is a document each time, and none is written over', async () => {
  const events = [changed('opened'), changed('closed')]
  const context = {} as Parameters<NonNullable<typeof eventSearch.toWrites>>[1]
  const writes = await Promise.all(events.map(async (event) => await eventSearch.toWrites?.(event, context)))
  expect(writes.flat().map((write) => write?.id)).toEqual(events.map(({ id }) => id))
})
