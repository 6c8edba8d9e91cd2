import type { Contest, Sides } from '../harness/contest.ts'
import { atOnce } from '../harness/samplers.ts'
import { newEvents } from '../store/events.ts'
import { openArena } from './arena.ts'
import type { Arena } from './arena.ts'
import type { BenchServers, Topology } from './bench-servers.ts'
import { capture } from './captured-message.ts'
import { GrowingStreams } from './growing-streams.ts'
import { RawPublisher } from './raw-publisher.ts'

const unit = 'events/s'
const streamCount = 1000

/** One append after the other, against the same bytes published by hand. */
async function openSerial(arena: Arena, size: number): Promise<Sides> {
  const [events, streams] = [newEvents(size), new GrowingStreams(arena.store, streamCount)]
  const raw = new RawPublisher(arena, await capture(arena, events))
  return {
    measured: atOnce({ workers: 1, size }, () => streams.append(events)),
    yardstick: atOnce({ workers: 1, size }, raw.publish),
    [Symbol.asyncDispose]: () => arena[Symbol.asyncDispose](),
  }
}

/** One append after another, with the expected version of each checked by the server. */
export function appendContests(servers: BenchServers, topology: Topology): readonly Contest[] {
  const opening = (open: (arena: Arena) => Promise<Sides>) => async (): Promise<Sides> =>
    await open(await openArena(await servers.venue(topology)))
  const serial = (size: number, goal?: number): Contest => ({
    name: `${topology} append(${size}), one after the other`,
    unit,
    yardstick: 'nc.request of the same bytes and headers',
    ...(goal === undefined ? {} : { goal }),
    open: opening((arena) => openSerial(arena, size)),
  })
  return [serial(1, 0.85), serial(10, 0.8), serial(100, 0.8), serial(1000)]
}
