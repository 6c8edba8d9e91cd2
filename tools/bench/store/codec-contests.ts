import {
  bucketOfStream,
  createEventDecoder,
  createEventEncoder,
  createIdFactory,
  createStreamId,
} from '@millrace/contracts'
import type { CommitId, EventVersion, NewEvent, StoredEvent } from '@millrace/contracts'

import type { Contest, Sides } from '../harness/contest.ts'
import { inProcess } from '../harness/samplers.ts'
import { sink } from '../harness/sink.ts'
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

/** Both sides go through the same items. */
interface Race<Item> {
  readonly items: readonly Item[]
  readonly ours: (item: Item) => unknown
  readonly bare: (item: Item) => unknown
}

function sidesOf<Item>({ items, ours, bare }: Race<Item>): Sides {
  const prepare = async (): Promise<void> => undefined
  const each = (work: (item: Item) => unknown) => (): void => {
    for (const item of items) sink.value = work(item)
  }
  return {
    measured: inProcess({ prepare, run: each(ours), size: items.length }),
    yardstick: inProcess({ prepare, run: each(bare), size: items.length }),
    async [Symbol.asyncDispose]() {},
  }
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
      sidesOf({
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
      sidesOf({
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
      sidesOf({
        items: storedEvents(),
        ours: createEventDecoder(),
        bare: ({ payload }): unknown => JSON.parse(payload as string),
      }),
  },
]
