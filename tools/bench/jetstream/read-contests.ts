import { createStreamId } from '@millrace/contracts'
import type { EventStore, StreamId } from '@millrace/contracts'
import { jetstream } from '@nats-io/jetstream'

import type { Contest, Sides } from '../harness/contest.ts'
import { atOnce } from '../harness/samplers.ts'
import type { SuiteOptions } from '../harness/suite.ts'
import { newEvents } from '../store/events.ts'
import { openArena } from './arena.ts'
import type { Arena } from './arena.ts'
import type { BenchServers, Topology } from './bench-servers.ts'
import { DirectReader } from './direct-get.ts'

/** How much lies in the stream that is read from. */
interface Filling {
  readonly streams: number
  /** One-event commits in each, interleaved with those of all others. */
  readonly commits: number
}

const writers = 512

/** Appends round by round, one event to each stream. */
async function fill(store: EventStore, { streams, commits }: Filling, signal: AbortSignal): Promise<void> {
  const [event] = [newEvents(1)]
  for (let version = 0; version < commits; version++) {
    signal.throwIfAborted()
    const rest = Array.from({ length: streams }, (_, i) => i).values()
    const writer = async (): Promise<void> => {
      for (const i of rest) await store.append(streamAt(i), event, { expectedVersion: version })
    }
    await Promise.all(Array.from({ length: writers }, writer))
  }
}

const streamAt = (i: number): StreamId => createStreamId('order', String(i))

function checkCount(found: number, expected: number): void {
  if (found !== expected) throw new Error(`read ${found} events instead of ${expected}`)
}

/** The subject our store uses for a stream, read off its first message. */
async function subjectOf({ store, ours, connection }: Arena, streamId: StreamId): Promise<string> {
  for await (const { position } of store.read(streamId, { limit: 1 })) {
    const request = JSON.stringify({ seq: position.commit })
    const reply = await connection.request(`$JS.API.STREAM.MSG.GET.${ours}`, request)
    return reply.json<{ readonly message: { readonly subject: string } }>().message.subject
  }
  throw new Error(`${streamId} is empty`)
}

/** Both sides read the same streams in the same order, spread over the whole. */
async function openLoad(arena: Arena, filling: Filling, signal: AbortSignal): Promise<Sides> {
  await fill(arena.store, filling, signal)
  const { streams, commits } = filling
  const chosen = Array.from({ length: 100 }, (_, i) => streamAt((i * 97) % streams))
  const subjects = await Promise.all(chosen.map((streamId) => subjectOf(arena, streamId)))
  const direct = new DirectReader(arena.connection, arena.ours)
  let [ourTurn, theirTurn] = [0, 0]
  const load = async (): Promise<void> => {
    const streamId = chosen[(ourTurn += 1) % chosen.length] ?? streamAt(0)
    let found = 0
    for await (const { payload } of arena.store.read(streamId))
      if (JSON.parse(String(payload)) !== undefined) found += 1
    checkCount(found, commits)
  }
  const byHand = async (): Promise<void> => {
    checkCount(await direct.read(subjects[(theirTurn += 1) % subjects.length] ?? ''), commits)
  }
  return {
    measured: atOnce({ workers: 1, size: commits }, load),
    yardstick: atOnce({ workers: 1, size: commits }, byHand),
    [Symbol.asyncDispose]: () => arena[Symbol.asyncDispose](),
  }
}

async function readLog({ log }: EventStore, expected: number): Promise<void> {
  let [at, found] = [await log.beginning(), 0]
  for (;;) {
    const { records, end } = await log.readBatch(at)
    for (const { payload } of records) if (JSON.parse(String(payload)) !== undefined) found += 1
    if (end.commit === at.commit) break
    at = end
  }
  checkCount(found, expected)
}

/** An ordered consumer as its documentation has it, told to notice a lost start within two seconds. */
async function consumeAll({ connection, ours }: Arena, expected: number): Promise<void> {
  const consumer = await jetstream(connection).consumers.get(ours)
  const messages = await consumer.consume({ max_messages: 1000, expires: 1000, idle_heartbeat: 500 })
  let found = 0
  for await (const message of messages) {
    if (message.json() !== undefined) found += 1
    if (found === expected) break
  }
  await messages.close()
  checkCount(found, expected)
}

async function openLog(arena: Arena, filling: Filling, signal: AbortSignal): Promise<Sides> {
  await fill(arena.store, filling, signal)
  const size = filling.streams * filling.commits
  return {
    measured: atOnce({ workers: 1, size }, () => readLog(arena.store, size)),
    yardstick: atOnce({ workers: 1, size }, () => consumeAll(arena, size)),
    [Symbol.asyncDispose]: () => arena[Symbol.asyncDispose](),
  }
}

const fillings = {
  full: { load: { streams: 10_000, commits: 100 }, log: { streams: 1000, commits: 50 } },
  quick: { load: { streams: 100, commits: 10 }, log: { streams: 100, commits: 5 } },
} as const satisfies Record<string, Record<string, Filling>>

/** Loads of one stream and of the whole log. */
export function readContests(
  servers: BenchServers,
  topology: Topology,
  { quick, signal }: SuiteOptions,
): readonly Contest[] {
  const { load, log } = quick ? fillings.quick : fillings.full
  const arena = async (): Promise<Arena> => await openArena(await servers.venue(topology))
  const [streams, all] = [load.streams, log.streams * log.commits].map((n) => n.toLocaleString('en-US'))
  return [
    {
      name: `${topology} load of ${load.commits} commits among ${streams} interleaved streams`,
      unit: 'events/s',
      yardstick: 'raw batch direct get, JSON.parse',
      goal: 0.9,
      open: async () => await openLoad(await arena(), load, signal),
    },
    {
      name: `${topology} whole log of ${all}`,
      unit: 'events/s',
      yardstick: 'ordered consumer, JSON.parse',
      goal: 0.85,
      open: async () => await openLog(await arena(), log, signal),
    },
  ]
}
