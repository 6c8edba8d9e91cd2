import {
  bucketOfStream,
  createEventDecoder,
  createEventEncoder,
  createIdFactory,
  createStreamId,
} from '@millrace/contracts'
import type { CommitId, EventVersion, NewEvent, StoredEvent } from '@millrace/contracts'

import type { Contest } from '../harness/contest.ts'
import { raceOf } from '../harness/race.ts'
import { newEvents } from './events.ts'

const count = 1000

function storedEvents(): readonly StoredEvent[] {
  const mint = createIdFactory()
  const encode = createEventEncoder()
  const streamId = createStreamId('cart', '1')
  const commitId = mint() as string as CommitId
  const recordedAt = new Date()
  return newEvents(count).map((event, index) => ({
    ...encode(event),
    id: mint(),
    streamId,
    version: (index + 1) as EventVersion,
    position: { generation: 'bench', commit: 1, index },
    commitId,
    occurredAt: recordedAt,
    recordedAt,
    bucket: bucketOfStream(streamId),
    previousHash: undefined,
  }))
}

const withMetadata = (event: NewEvent): NewEvent => ({
  ...event,
  metadata: {
    correlationId: 'c-8f14e45f',
    causationId: 'k-c9f0f895',
    actor: { kind: 'user', id: 'u-45c48cce' },
  },
})

/** What every event pays on its way in and out, whatever the store. */
export const codecContests: readonly Contest[] = [
  {
    name: 'encode',
    unit: 'events/s',
    yardstick: 'JSON.stringify of the data',
    open: async () =>
      raceOf({
        items: newEvents(count),
        ours: createEventEncoder(),
        bare: ({ data }) => JSON.stringify(data),
      }),
  },
  {
    name: 'encode with metadata',
    unit: 'events/s',
    yardstick: 'JSON.stringify of data and metadata',
    open: async () =>
      raceOf({
        items: newEvents(count).map(withMetadata),
        ours: createEventEncoder(),
        bare: ({ data, metadata }) => JSON.stringify([data, metadata]),
      }),
  },
  {
    name: 'decode',
    unit: 'events/s',
    yardstick: 'JSON.parse of the payload',
    open: async () =>
      raceOf({
        items: storedEvents(),
        ours: createEventDecoder(),
        bare: ({ payload }): unknown => JSON.parse(payload as string),
      }),
  },
]
