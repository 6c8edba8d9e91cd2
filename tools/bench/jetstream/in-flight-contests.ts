import { createIdFactory } from '@millrace/contracts'
import { jetstream } from '@nats-io/jetstream'
import type { JetStreamClient } from '@nats-io/jetstream'
import { connect, headers } from '@nats-io/transport-node'

import type { Contest, Sides } from '../harness/contest.ts'
import { atOnce } from '../harness/samplers.ts'
import { newEvents, payloads } from '../store/events.ts'
import { openArena } from './arena.ts'
import type { Arena } from './arena.ts'
import type { BenchServers, Topology } from './bench-servers.ts'
import { capture } from './captured-message.ts'
import { GoPublisher } from './go-publisher.ts'
import { GrowingStreams } from './growing-streams.ts'

const unit = 'events/s'
const inFlight = 256
const streamCount = 1000

const streamed = (arena: Arena): Sides['measured'] => {
  const [events, streams] = [newEvents(1), new GrowingStreams(arena.store, streamCount)]
  return atOnce({ workers: inFlight, size: 1 }, () => streams.append(events))
}

const mint = createIdFactory()
const payload = payloads(1)[0] ?? ''

async function startGo(arena: Arena, kept?: Readonly<Record<string, string>>): Promise<GoPublisher> {
  const options = { url: arena.url, inFlight, payloadBytes: Buffer.byteLength(payload) }
  // Subjects of its own: a guard does not hold where somebody else publishes without one.
  return kept === undefined
    ? await GoPublisher.start({ ...options, stream: `${arena.theirs}.plain` })
    : await GoPublisher.start({ ...options, stream: arena.theirs, headers: kept })
}

function openAgainst(arena: Arena, publisher: GoPublisher): Sides {
  return {
    measured: streamed(arena),
    yardstick: publisher.sample,
    async [Symbol.asyncDispose]() {
      await publisher[Symbol.asyncDispose]()
      await arena[Symbol.asyncDispose]()
    },
  }
}

/** Those of our messages' headers that JetStream only keeps. */
async function keptHeaders(arena: Arena): Promise<Readonly<Record<string, string>>> {
  const { fields } = await capture(arena, newEvents(1))
  const kept = fields.keys().filter((name) => !name.startsWith('Nats-'))
  return Object.fromEntries(kept.map((name) => [name, fields.get(name)]))
}

/** What the server leaves of the Go publisher's rate when each message is as large and as guarded as one of ours. */
async function openGuardedGo(arena: Arena): Promise<Sides> {
  const [guarded, plain] = [await startGo(arena, await keptHeaders(arena)), await startGo(arena)]
  return {
    measured: guarded.sample,
    yardstick: plain.sample,
    async [Symbol.asyncDispose]() {
      await guarded[Symbol.asyncDispose]()
      await plain[Symbol.asyncDispose]()
      await arena[Symbol.asyncDispose]()
    },
  }
}

/** The client's own publish, on a connection as its documentation opens it. */
async function openAgainstClient(arena: Arena, publishOf: PublishOf): Promise<Sides> {
  const connection = await connect({ servers: arena.url })
  const publish = publishOf(jetstream(connection, { timeout: 10_000 }), arena.theirs)
  return {
    measured: streamed(arena),
    yardstick: atOnce({ workers: inFlight, size: 1 }, publish),
    async [Symbol.asyncDispose]() {
      await connection.close()
      await arena[Symbol.asyncDispose]()
    },
  }
}

type PublishOf = (publisher: JetStreamClient, stream: string) => () => Promise<void>

const plainPublish: PublishOf = (publisher, stream) => {
  let turn = 0
  return async () => {
    await publisher.publish(`${stream}.order-${(turn += 1) % streamCount}`, payload)
  }
}

/** With what a store that loses nothing must ask for, and the headers that ours writes. */
const checkedPublish =
  (kept: Readonly<Record<string, string>>): PublishOf =>
  (publisher, stream) => {
    const last = Array.from({ length: streamCount }, () => 0)
    let turn = 0
    return async () => {
      const i = (turn += 1) % streamCount
      const fields = headers()
      for (const [name, value] of Object.entries(kept)) fields.append(name, value)
      const ack = await publisher.publish(`${stream}.order-${i}`, payload, {
        msgID: mint(),
        headers: fields,
        expect: { streamName: stream, lastSubjectSequence: last[i] ?? 0 },
      })
      last[i] = ack.seq
    }
  }

/**
 * Many appends at once, with the expected version of each checked by the server. The goals are judged against publishers
 * that ask for the same checks: what the server leaves of a publisher's rate then is a row of its own.
 */
export function inFlightContests(servers: BenchServers, topology: Topology): readonly Contest[] {
  const row = (name: string, yardstick: string, open: (arena: Arena) => Promise<Sides>): Contest => ({
    name: `${topology} ${name}`,
    unit,
    yardstick,
    open: async () => await open(await openArena(await servers.venue(topology))),
  })
  const ours = `append(1), ${inFlight} in flight on different streams`
  const checks = 'with ids, guards and our headers'
  const againstGo = async (arena: Arena): Promise<Sides> =>
    openAgainst(arena, await startGo(arena, await keptHeaders(arena)))
  const againstClient = async (arena: Arena): Promise<Sides> =>
    await openAgainstClient(arena, checkedPublish(await keptHeaders(arena)))
  return [
    { ...row(ours, `PublishMsgAsync of nats.go ${checks}`, againstGo), goal: 0.7 },
    { ...row(`${ours}, in JavaScript`, `js.publish ${checks}`, againstClient), goal: 2.5 },
    row(`${ours}, only ours checked`, 'PublishAsync of nats.go without any check', async (arena) =>
      openAgainst(arena, await startGo(arena)),
    ),
    row(`${ours}, only ours checked, in JavaScript`, 'js.publish without any check', async (arena) =>
      openAgainstClient(arena, plainPublish),
    ),
    row(`nats.go, ${inFlight} in flight, ${checks}`, 'PublishAsync of nats.go without any', openGuardedGo),
  ]
}
