import { createStreamId } from '@millrace/contracts'
import type { StoredEvent } from '@millrace/contracts'

import type { Contest, Sampler, Sides } from '../harness/contest.ts'
import { atOnce, figure } from '../harness/samplers.ts'
import type { Unit } from '../harness/unit.ts'
import { newEvents, streamIds } from '../store/events.ts'
import { openArena } from './arena.ts'
import type { Arena } from './arena.ts'
import type { BenchServers, Topology } from './bench-servers.ts'

/**
 * The best figures of the seed's test report, of a store in Rust on a cluster of three machines: another machine and
 * another network, so that they are a floor and no comparison.
 */
const seed = {
  append: [
    [1, 150],
    [10, 300],
    [100, 200],
    [1000, 167],
  ],
  emptyReadMs: 2,
  read100Ms: 50,
} as const

interface SeedRow {
  readonly what: string
  readonly unit: Unit
  readonly perSecond: number
  readonly shown: string
  /** None for milliseconds, where less is better. */
  readonly goal?: number
  readonly measure: (arena: Arena) => Promise<Sampler>
}

async function drain(events: AsyncIterable<StoredEvent>): Promise<void> {
  for await (const { version } of events) if (version < 1) throw new Error(`an event has version ${version}`)
}

function appending(size: number): SeedRow['measure'] {
  return async ({ store }) => {
    const [events, nextId] = [newEvents(size), streamIds('order')]
    return atOnce({ workers: 1, size }, () =>
      store.append(nextId(), events, { expectedVersion: 'no-stream' }),
    )
  }
}

const readingNothing: SeedRow['measure'] = async ({ store }) => {
  const nextId = streamIds('nothing')
  return atOnce({ workers: 1, size: 1 }, () => drain(store.read(nextId())))
}

const reading100: SeedRow['measure'] = async ({ store }) => {
  const streamId = createStreamId('order', 'read')
  for (let at = 0; at < 100; at++) await store.append(streamId, newEvents(1), { expectedVersion: at })
  return atOnce({ workers: 1, size: 100 }, () => drain(store.read(streamId)))
}

const goal = 2

const rows: readonly SeedRow[] = [
  ...seed.append.map(([size, perSecond]): SeedRow => ({
    what: `append ${size}`,
    unit: 'events/s',
    perSecond,
    shown: `${perSecond} events/s`,
    goal,
    measure: appending(size),
  })),
  {
    what: 'empty read',
    unit: 'ms',
    perSecond: 1000 / seed.emptyReadMs,
    shown: `${seed.emptyReadMs} ms`,
    measure: readingNothing,
  },
  {
    what: 'read 100',
    unit: 'events/s',
    perSecond: 100 * (1000 / seed.read100Ms),
    shown: `${seed.read100Ms} ms`,
    goal,
    measure: reading100,
  },
]

/** The rows of the seed's report, each against the figure it has there. */
export function seedContests(servers: BenchServers, topology: Topology): readonly Contest[] {
  return rows.map(({ what, unit, perSecond, shown, goal: least, measure }) => ({
    name: `${topology} ${what}, as in the seed`,
    unit,
    yardstick: `figure of the seed: ${shown}`,
    ...(least === undefined ? {} : { goal: least }),
    open: async (): Promise<Sides> => {
      const arena = await openArena(await servers.venue(topology))
      return {
        measured: await measure(arena),
        yardstick: figure(perSecond),
        [Symbol.asyncDispose]: () => arena[Symbol.asyncDispose](),
      }
    },
  }))
}
