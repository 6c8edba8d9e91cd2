import { createEventDecoder, createStreamId } from '@millrace/contracts'
import type { EventStore, NewEvent, StreamId } from '@millrace/contracts'
import { openMemoryStore } from '@millrace/memory'

import type { Contest, Sides } from '../harness/contest.ts'
import { inProcess } from '../harness/samplers.ts'
import { sink } from '../harness/sink.ts'
import type { SuiteOptions } from '../harness/suite.ts'
import { eventsWithIds, newEvents } from './events.ts'

/** Events of one batch; many, so that a store's growth counts. */
const batchSizes = { full: 10_000, quick: 1000 } as const
const streams: readonly StreamId[] = Array.from({ length: 100 }, (_, i) => createStreamId('cart', String(i)))
const foldedEvents = 1000

interface Load {
  /** Events of one append. */
  readonly size: number
  readonly batchSize: number
}

interface AppendInput {
  readonly store: EventStore
  readonly commits: readonly (readonly NewEvent[])[]
}

async function appendInput({ size, batchSize }: Load): Promise<AppendInput> {
  const events = eventsWithIds(batchSize)
  const commits = Array.from({ length: batchSize / size }, (_, i) => events.slice(i * size, (i + 1) * size))
  return { store: await openMemoryStore(), commits }
}

/** Every append expects the version it knows its stream to have. */
async function appendAll({ store, commits }: AppendInput): Promise<void> {
  for (const [i, events] of commits.entries()) {
    const streamId = streams[i % streams.length] as StreamId
    const expectedVersion = Math.floor(i / streams.length) * events.length
    await store.append(streamId, events, { expectedVersion })
  }
}

function stringifyAll({ commits }: AppendInput): void {
  for (const events of commits) for (const event of events) sink.value = JSON.stringify(event)
}

function appendContest(load: Load, goal?: number): Contest {
  const { size, batchSize } = load
  const prepare = (): Promise<AppendInput> => appendInput(load)
  return {
    name: `memory append(${size})`,
    unit: 'events/s',
    yardstick: 'JSON.stringify of each event',
    ...(goal === undefined ? {} : { goal }),
    open: async (): Promise<Sides> => ({
      measured: inProcess({ prepare, run: appendAll, size: batchSize }),
      yardstick: inProcess({ prepare, run: stringifyAll, size: batchSize }),
      async [Symbol.asyncDispose]() {},
    }),
  }
}

interface Total {
  readonly lines: number
  readonly versions: number
}

const none: Total = { lines: 0, versions: 0 }

/** Data is read and not only counted, as a decider would. */
function evolve({ lines, versions }: Total, data: unknown): Total {
  return { lines: lines + 1, versions: versions + (data as { readonly version: number }).version }
}

async function openFold(): Promise<Sides> {
  const store = await openMemoryStore()
  const [streamId] = streams as readonly [StreamId]
  const events = newEvents(foldedEvents)
  await store.append(streamId, events, { expectedVersion: 'no-stream' })
  const texts = events.map(({ data }) => JSON.stringify(data))
  const decode = createEventDecoder()
  const prepare = async (): Promise<void> => undefined
  const loadAndFold = async (): Promise<void> => {
    let total = none
    for await (const stored of store.read(streamId))
      for (const { data } of decode(stored)) total = evolve(total, data)
    sink.value = total
  }
  const parseAndFold = (): void => {
    let total = none
    for (const text of texts) total = evolve(total, JSON.parse(text))
    sink.value = total
  }
  return {
    measured: inProcess({ prepare, run: loadAndFold, size: foldedEvents }),
    yardstick: inProcess({ prepare, run: parseAndFold, size: foldedEvents }),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  }
}

/** The store in this process against the cost of JSON, which it must pay. */
export function memoryContests({ quick }: SuiteOptions): readonly Contest[] {
  const batchSize = quick ? batchSizes.quick : batchSizes.full
  return [
    appendContest({ size: 1, batchSize }, 0.5),
    appendContest({ size: 100, batchSize }),
    {
      name: `memory load and fold ${foldedEvents}`,
      unit: 'events/s',
      yardstick: 'JSON.parse and fold',
      open: openFold,
    },
  ]
}
