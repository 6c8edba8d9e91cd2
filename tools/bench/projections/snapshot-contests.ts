import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'

import { createStateReader, defineDecider } from '@millrace/aggregates'
import type { DefinedDecider, StateReader } from '@millrace/aggregates'
import {
  createIdFactory,
  createStreamId,
  defineEvents,
  EventVersion,
  parseCommitId,
} from '@millrace/contracts'
import type { FoldedState, SnapshotStore } from '@millrace/contracts'
import { openMemorySnapshots } from '@millrace/memory'
import { openPg, openPostgresSnapshots, openPostgresStore } from '@millrace/postgres'
import { createSnapshots, defineSnapshots } from '@millrace/snapshots'
import type { SnapshotDefinition, Snapshots, SnapshotsOptions } from '@millrace/snapshots'
import pg from 'pg'
import { z } from 'zod'

import type { Contest, Sides } from '../harness/contest.ts'
import { atOnce, inProcess } from '../harness/samplers.ts'
import { sink } from '../harness/sink.ts'
import type { SuiteOptions } from '../harness/suite.ts'
import type { DurablePostgres } from '../store/durable-postgres.ts'

const Stock = defineEvents({ Received: z.object({ sku: z.string(), quantity: z.number() }) })

interface StockState {
  readonly movements: number
  readonly quantities: Readonly<Record<string, number>>
}

type StockDecider = DefinedDecider<StockState, number, typeof Stock>

const skus = 20

function after({ movements, quantities }: StockState, sku: string, quantity: number): StockState {
  return {
    movements: movements + 1,
    quantities: { ...quantities, [sku]: (quantities[sku] ?? 0) + quantity },
  }
}

const stock: StockDecider = defineDecider(Stock, {
  initial: (): StockState => ({ movements: 0, quantities: {} }),
  decide: (_state: StockState, quantity: number) => [Stock.Received({ sku: 'SKU-1', quantity })],
  evolve: { Received: (state, { data }) => after(state, data.sku, data.quantity) },
})

const definition: SnapshotDefinition<StockState, StockDecider> = defineSnapshots({
  category: 'stock',
  decider: stock,
  schemaVersion: 1,
})

const streamId = createStreamId('stock', 'bench')
const first = Date.UTC(2025, 0, 1)
const everyMs = 60_000
const threshold = 100

/** Instants all over the history, the same for both sides. */
function instants(events: number): () => Date {
  let n = 0
  return () => {
    n = (n * 48_271 + 12_345) % 2_147_483_647
    return new Date(first + (n % events) * everyMs)
  }
}

interface History extends AsyncDisposable {
  readonly pool: pg.Pool
  readonly schema: string
  readonly plain: StateReader<StockState>
  readonly saved: StateReader<StockState>
}

const schema = 'snapshots_bench'

/** A stream of so many events a minute apart, and a snapshot every hundred of them. */
async function openHistory(url: string, events: number): Promise<History> {
  await using stack = new AsyncDisposableStack()
  const database = stack.use(await openPg({ url }))
  await database.script(`drop schema if exists ${schema} cascade`)
  const store = stack.use(await openPostgresStore({ database, schema }))
  const snapshots = createSnapshots(definition, {
    store: await openPostgresSnapshots({ database, schema }),
    threshold,
    retention: 0,
    compression: 'zstd',
  })
  const saved = createStateReader({ store, decider: stock, snapshots })
  for (let version = 0; version < events; version += threshold) {
    const received = Array.from({ length: threshold }, (_, i) => ({
      ...Stock.Received({ sku: `SKU-${(version + i) % skus}`, quantity: 1 }),
      occurredAt: new Date(first + (version + i) * everyMs),
    }))
    await store.append(streamId, received, { expectedVersion: version })
    await saved.takeSnapshot(streamId)
  }
  const plain = createStateReader({ store, decider: stock })
  const pool = new pg.Pool({ connectionString: url, max: 1 })
  stack.defer(async () => await pool.end())
  const owned = stack.move()
  return { pool, schema, plain, saved, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

async function checkSame({ plain, saved }: History, instant: Date): Promise<void> {
  const [one, other] = [await plain.stateAt(streamId, instant), await saved.stateAt(streamId, instant)]
  if (JSON.stringify(one) !== JSON.stringify(other)) throw new Error('the two states differ')
}

function asking(reader: StateReader<StockState>, events: number): () => Promise<void> {
  const next = instants(events)
  return async () => {
    sink.value = (await reader.stateAt(streamId, next())).state
  }
}

/** The two statements anybody would write for these tables, and the fold. */
function byHand({ pool }: History, events: number): () => Promise<void> {
  const next = instants(events)
  const newest = `select version, state from ${schema}.snapshots
    where stream_id = $1 and name = 'stock' and occurred_at <= $2 order by version desc limit 1`
  const tail = `select payload::text as data from ${schema}.events
    where stream_id = $1 and version > $2 and occurred_at <= $3 order by version`
  return async () => {
    const instant = next().getTime()
    const found = await pool.query<{ version: string; state: Buffer }>({
      name: 'newest',
      text: newest,
      values: [streamId, instant],
    })
    const [row] = found.rows
    let state = row
      ? (JSON.parse(zstdDecompressSync(row.state).toString()) as StockState)
      : { movements: 0, quantities: {} }
    const values = [streamId, row?.version ?? 0, instant]
    const later = await pool.query<{ data: string }>({ name: 'tail', text: tail, values })
    for (const { data } of later.rows) {
      const { sku, quantity } = JSON.parse(data) as { readonly sku: string; readonly quantity: number }
      state = after(state, sku, quantity)
    }
    sink.value = state
  }
}

async function openStateAt(
  server: DurablePostgres,
  events: number,
  yardstick: (history: History) => () => Promise<void>,
): Promise<Sides> {
  const history = await openHistory(await server.url(), events)
  await checkSame(history, new Date(first + (events - 42) * everyMs))
  return {
    measured: atOnce({ workers: 1, size: 1 }, asking(history.saved, events)),
    yardstick: atOnce({ workers: 1, size: 1 }, yardstick(history)),
    [Symbol.asyncDispose]: () => history[Symbol.asyncDispose](),
  }
}

const packed = createStreamId('stock', 'packed')
const laps = 20

/** A state of about 20 kB. */
function largeState(): FoldedState<StockState> {
  const quantities = Object.fromEntries(
    Array.from({ length: 1000 }, (_, i) => [`SKU-${(i * 7919) % 100_000}`, i * 13]),
  )
  return {
    state: { movements: 1000, quantities },
    version: EventVersion.parse(1000),
    position: { generation: 'bench', commit: 1000, index: 0 },
    commitId: parseCommitId(createIdFactory()()),
    occurredAt: new Date(first),
    recordedAt: new Date(first),
    subjects: [],
  }
}

function packing(checksum: NonNullable<SnapshotsOptions['checksum']>): Snapshots<StockState> {
  const store: SnapshotStore = openMemorySnapshots()
  return createSnapshots(definition, { store, retention: 0, compression: 'zstd', checksum })
}

const nothing = async (): Promise<void> => undefined

async function openSave(checksum: NonNullable<SnapshotsOptions['checksum']>): Promise<Sides> {
  const [snapshots, folded] = [packing(checksum), largeState()]
  return {
    measured: inProcess({
      prepare: nothing,
      run: async () => {
        for (let lap = 0; lap < laps; lap++) sink.value = await snapshots.save(packed, folded)
      },
      size: laps,
    }),
    yardstick: inProcess({
      prepare: nothing,
      run: () => {
        for (let lap = 0; lap < laps; lap++) sink.value = zstdCompressSync(JSON.stringify(folded.state))
      },
      size: laps,
    }),
    async [Symbol.asyncDispose]() {},
  }
}

async function openRestore(checksum: NonNullable<SnapshotsOptions['checksum']>): Promise<Sides> {
  const [snapshots, folded] = [packing(checksum), largeState()]
  await snapshots.save(packed, folded)
  const bytes = zstdCompressSync(JSON.stringify(folded.state))
  return {
    measured: inProcess({
      prepare: nothing,
      run: async () => {
        for (let lap = 0; lap < laps; lap++) sink.value = (await snapshots.read(packed)).state
      },
      size: laps,
    }),
    yardstick: inProcess({
      prepare: nothing,
      run: () => {
        for (let lap = 0; lap < laps; lap++) sink.value = JSON.parse(zstdDecompressSync(bytes).toString())
      },
      size: laps,
    }),
    async [Symbol.asyncDispose]() {},
  }
}

/** States of the past, and what a snapshot costs above the least anybody would do. */
export function snapshotContests(server: DurablePostgres, { quick }: SuiteOptions): readonly Contest[] {
  const events = quick ? 1000 : 10_000
  const stateAt = 'stateAt on 10,000 events with snapshots'
  return [
    {
      name: stateAt,
      unit: 'ms',
      yardstick: 'stateAt without snapshots',
      goal: 0.1,
      open: () => openStateAt(server, events, ({ plain }) => asking(plain, events)),
    },
    {
      name: `${stateAt}, by hand`,
      unit: 'ms',
      yardstick: 'two selects, zstd, JSON.parse and a fold',
      open: () => openStateAt(server, events, (history) => byHand(history, events)),
    },
    ...(['xxhash64', 'sha256'] as const).flatMap((checksum): readonly Contest[] => [
      {
        name: `snapshot saved, zstd and ${checksum}`,
        unit: 'µs',
        yardstick: 'JSON.stringify and zstd',
        open: () => openSave(checksum),
      },
      {
        name: `snapshot restored, zstd and ${checksum}`,
        unit: 'µs',
        yardstick: 'zstd and JSON.parse',
        open: () => openRestore(checksum),
      },
    ]),
  ]
}
