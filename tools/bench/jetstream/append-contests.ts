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

/** What is left of the bytes' own rate when the data is made JSON before each publish: nobody's client appends faster. */
async function openSerialized(arena: Arena, size: number): Promise<Sides> {
  const events = newEvents(size)
  const message = await capture(arena, events)
  const [written, prebuilt] = [new RawPublisher(arena, message), new RawPublisher(arena, message)]
  let bytes = 0
  const serialize = async (): Promise<void> => {
    for (const { data } of events) bytes += JSON.stringify(data).length
    await written.publish()
  }
  return {
    measured: atOnce({ workers: 1, size }, serialize),
    yardstick: atOnce({ workers: 1, size }, prebuilt.publish),
    async [Symbol.asyncDispose]() {
      if (bytes === 0) throw new Error('nothing was serialized')
      await arena[Symbol.asyncDispose]()
    },
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
  const ceiling: Contest = {
    name: `${topology} nc.request of 100 events, with JSON.stringify of their data`,
    unit,
    yardstick: 'nc.request of the same bytes and headers',
    open: opening((arena) => openSerialized(arena, 100)),
  }
  return [serial(1, 0.85), serial(10, 0.8), serial(100, 0.8), ceiling, serial(1000)]
}
