import { createEventDecoder, createIdFactory, createStreamId } from '@millrace/contracts'
import type { ProcessorStore, ProjectionStore } from '@millrace/contracts'
import { openMemoryProcessorStore, openMemoryProjectionStore } from '@millrace/memory'
import { openPg, openProcessorStore, openProjectionStore } from '@millrace/postgres'
import { createProcessorRuntime } from '@millrace/processing'
import { defineProjection, openProjections } from '@millrace/projections'
import type { DocumentProjection } from '@millrace/projections'
import { jetstream } from '@nats-io/jetstream'

import type { Contest, Sides } from '../harness/contest.ts'
import { atOnce } from '../harness/samplers.ts'
import type { SuiteOptions } from '../harness/suite.ts'
import { openArena } from '../jetstream/arena.ts'
import type { Arena } from '../jetstream/arena.ts'
import type { BenchServers } from '../jetstream/bench-servers.ts'
import { schemas } from '../store/arena.ts'
import type { DurablePostgres } from '../store/durable-postgres.ts'
import { eventType, newEvents } from '../store/events.ts'

const sizes = { full: { streams: 1000, rounds: 50 }, quick: { streams: 50, rounds: 4 } } as const
const writers = 512
const batchSize = 500
const reachedMs = 120_000

const mint = createIdFactory()

/** How many pieces of an order's lines, and how many lines. */
interface Ordered {
  readonly quantity: number
  readonly lines: number
}

/** A document an order; a projection of its own for each time the log is read. */
function ordered(): DocumentProjection<Ordered> {
  return defineProjection<Ordered>({
    name: `ordered_${mint().toLowerCase()}`,
    initial: (): Ordered => ({ quantity: 0, lines: 0 }),
    evolve: {
      [eventType]: ({ quantity, lines }, { data }) => {
        const { data: line } = data as { readonly data: { readonly qty: number } }
        return { quantity: quantity + line.qty, lines: lines + 1 }
      },
    },
  })
}

async function fill({ store }: Arena, { quick, signal }: SuiteOptions): Promise<number> {
  const { streams, rounds } = quick ? sizes.quick : sizes.full
  const [event] = [newEvents(1)]
  for (let version = 0; version < rounds; version++) {
    signal.throwIfAborted()
    const rest = Array.from({ length: streams }, (_, i) => i).values()
    const writer = async (): Promise<void> => {
      for (const i of rest)
        await store.append(createStreamId('order', String(i)), event, { expectedVersion: version })
    }
    await Promise.all(Array.from({ length: writers }, writer))
  }
  return streams * rounds
}

/** The ceiling: an ordered consumer as its documentation has it, whose messages nobody looks into. */
async function consumeAll({ connection, ours }: Arena, expected: number): Promise<void> {
  const consumer = await jetstream(connection).consumers.get(ours)
  const messages = await consumer.consume({ max_messages: 2000, expires: 1000, idle_heartbeat: 500 })
  let found = 0
  for await (const { data } of messages) {
    if (data.length > 0) found += 1
    if (found === expected) break
  }
  await messages.close()
  if (found !== expected) throw new Error(`read ${found} events instead of ${expected}`)
}

interface Stores {
  readonly models: ProjectionStore
  readonly processors: ProcessorStore
}

/** From nothing to a read model that holds the whole log. */
async function project({ store }: Arena, stores: Stores, expected: number): Promise<void> {
  const projection = ordered()
  await using runtime = createProcessorRuntime({
    log: store.log,
    store: stores.processors,
    decode: createEventDecoder(),
    processors: [],
    batchSize,
  })
  await runtime.start()
  const head = await store.log.head()
  await using projections = await openProjections({
    projections: [projection],
    ...stores,
    log: store.log,
    runtime,
  })
  if (!(await projections.reached(projection.name, head, { timeoutMs: reachedMs })))
    throw new Error('the projection did not reach the head')
  const [first] = await projections.documents(projection).list({ limit: 1 })
  const handled = (await runtime.status()).reduce((sum, { recordsHandled }) => sum + recordsHandled, 0)
  if (handled !== expected || first === undefined)
    throw new Error(`it handled ${handled} of ${expected} events`)
}

async function sidesOf(
  arena: Arena,
  options: SuiteOptions,
  stores: () => Stores,
  close: () => Promise<void>,
): Promise<Sides> {
  const size = await fill(arena, options)
  return {
    measured: atOnce({ workers: 1, size }, () => project(arena, stores(), size)),
    yardstick: atOnce({ workers: 1, size }, () => consumeAll(arena, size)),
    async [Symbol.asyncDispose]() {
      await close()
      await arena[Symbol.asyncDispose]()
    },
  }
}

async function openInMemory(servers: BenchServers, options: SuiteOptions): Promise<Sides> {
  const arena = await openArena(await servers.venue('R1'))
  const stores = (): Stores => ({
    models: openMemoryProjectionStore(),
    processors: openMemoryProcessorStore(),
  })
  return await sidesOf(arena, options, stores, async () => undefined)
}

async function openInPostgres(
  servers: BenchServers,
  server: DurablePostgres,
  options: SuiteOptions,
): Promise<Sides> {
  const arena = await openArena(await servers.venue('R1'))
  const database = await openPg({ url: await server.url() })
  const schema = schemas.ours
  const drop = async (): Promise<void> => await database.script(`drop schema if exists ${schema} cascade`)
  await drop()
  const processors = await openProcessorStore({ database, schema })
  const models = await openProjectionStore({ database, schema, modelSchema: schema })
  await database.script('checkpoint')
  const close = async (): Promise<void> => {
    await drop()
    await database[Symbol.asyncDispose]()
  }
  return await sidesOf(arena, options, () => ({ models, processors }), close)
}

/** Read models from a JetStream log, against what a client can get out of the server at all. */
export function projectionContests(
  servers: BenchServers,
  server: DurablePostgres,
  options: SuiteOptions,
): readonly Contest[] {
  const { streams, rounds } = options.quick ? sizes.quick : sizes.full
  const events = (streams * rounds).toLocaleString('en-US')
  const what = `${events} events of ${streams.toLocaleString('en-US')} streams from JetStream`
  const yardstick = 'ordered consumer, nothing parsed'
  return [
    {
      name: `projection in memory, ${what}`,
      unit: 'events/s',
      yardstick,
      goal: 0.6,
      open: async () => await openInMemory(servers, options),
    },
    {
      name: `projection in Postgres, ${what}, batches of ${batchSize}, checkpoint in the same transaction`,
      unit: 'events/s',
      yardstick,
      goal: 0.32,
      open: async () => await openInPostgres(servers, server, options),
    },
  ]
}
