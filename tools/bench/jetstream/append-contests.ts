import { jetstream } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'

import type { Contest, Sides } from '../harness/contest.ts'
import { atOnce } from '../harness/samplers.ts'
import { newEvents, payloads } from '../store/events.ts'
import { openArena } from './arena.ts'
import type { Arena } from './arena.ts'
import type { BenchServers, Topology } from './bench-servers.ts'
import { capture } from './captured-message.ts'
import { GoPublisher } from './go-publisher.ts'
import { GrowingStreams } from './growing-streams.ts'
import { RawPublisher } from './raw-publisher.ts'

const unit = 'events/s'
const inFlight = 256
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

const streamed = (arena: Arena): Sides['measured'] => {
  const [events, streams] = [newEvents(1), new GrowingStreams(arena.store, streamCount)]
  return atOnce({ workers: inFlight, size: 1 }, () => streams.append(events))
}

const payload = payloads(1)[0] ?? ''

async function openAgainstGo(arena: Arena): Promise<Sides> {
  const publisher = await GoPublisher.start({
    url: arena.url,
    stream: arena.theirs,
    inFlight,
    payloadBytes: Buffer.byteLength(payload),
  })
  return {
    measured: streamed(arena),
    yardstick: publisher.sample,
    async [Symbol.asyncDispose]() {
      await publisher[Symbol.asyncDispose]()
      await arena[Symbol.asyncDispose]()
    },
  }
}

/** The client's own publish, on a connection as its documentation opens it. */
async function openAgainstClient(arena: Arena): Promise<Sides> {
  const connection = await connect({ servers: arena.url })
  const publisher = jetstream(connection, { timeout: 10_000 })
  let turn = 0
  const publish = async (): Promise<void> => {
    await publisher.publish(`${arena.theirs}.order-${(turn += 1) % streamCount}`, payload)
  }
  return {
    measured: streamed(arena),
    yardstick: atOnce({ workers: inFlight, size: 1 }, publish),
    async [Symbol.asyncDispose]() {
      await connection.close()
      await arena[Symbol.asyncDispose]()
    },
  }
}

/** Appends, with the expected version of each checked by the server. */
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
  const streaming = `${topology} append(1), ${inFlight} in flight on different streams`
  return [
    serial(1, 0.85),
    serial(10, 0.8),
    serial(100, 0.8),
    serial(1000),
    { name: streaming, unit, yardstick: 'PublishAsync of nats.go', goal: 0.7, open: opening(openAgainstGo) },
    {
      name: `${streaming}, in JavaScript`,
      unit,
      yardstick: 'js.publish of @nats-io/jetstream',
      goal: 2.5,
      open: opening(openAgainstClient),
    },
  ]
}
