import { createEventDecoder, createStreamId } from '@millrace/contracts'
import type { Lease, Position, ProcessorStore } from '@millrace/contracts'
import { openPg, openPostgresStore, openProcessorStore } from '@millrace/postgres'
import { createProcessorRuntime, defineProcessor } from '@millrace/processing'
import pg from 'pg'

import type { Contest, Sampler, Sides } from '../harness/contest.ts'
import { atOnce, figure } from '../harness/samplers.ts'
import type { SuiteOptions } from '../harness/suite.ts'
import { schemas } from '../store/arena.ts'
import type { DurablePostgres } from '../store/durable-postgres.ts'
import { eventType, newEvents } from '../store/events.ts'

const [processors, partitions, generation] = [16, 64, 'bench']
const saved = processors * partitions
const promisedSaves = 10_000
const ttlMs = 3_600_000

/** All partitions of all processors. */
async function leases(store: ProcessorStore): Promise<readonly Lease[]> {
  const held: Lease[] = []
  for (let n = 0; n < processors; n++) {
    const processor = `bench-${n}`
    await store.register({ processor, partitions, log: 'bench', start: { generation, commit: 0, index: 0 } })
    for (let partition = 0; partition < partitions; partition++) {
      const asked = await store.acquire({ processor, partition }, { owner: 'bench', ttlMs })
      if (asked.kind === 'granted') held.push(asked.lease)
    }
  }
  if (held.length !== saved) throw new Error(`${held.length} of ${saved} leases were granted`)
  return held
}

/** Each partition saves a checkpoint, as they do when all of them have caught up. */
function ourSaves(store: ProcessorStore, held: readonly Lease[]): () => Promise<void> {
  const nothing = { records: 1, writes: [], deliveries: [], parked: [], unparked: [] }
  let commit = 0
  return async () => {
    commit += 1
    const checkpoint = { generation, commit, index: 0 }
    await Promise.all(held.map(async (lease) => await store.advance(lease, { ...nothing, checkpoint })))
  }
}

const saveText = `
update ${schemas.theirs}.processor_partitions p
set handled_commit = greatest(p.handled_commit, p.checkpoint_commit), checkpoint_commit = $4, checkpoint_index = 0,
    records_handled = p.records_handled + 1, updated_at = now()
from unnest($1::text[], $2::int[], $3::bigint[]) as a (processor, partition, epoch)
where p.processor = a.processor and p.partition = a.partition and p.epoch = a.epoch and p.checkpoint_commit < $4`

/** The same rows in one hand-written statement. */
function savesByHand(pool: pg.Pool, held: readonly Lease[]): () => Promise<void> {
  const keys = [
    held.map(({ processor }) => processor),
    held.map(({ partition }) => partition),
    held.map(({ epoch }) => epoch),
  ]
  let commit = 0
  return async () => {
    commit += 1
    const { rowCount } = await pool.query({ name: 'save', text: saveText, values: [...keys, commit] })
    if (rowCount !== saved) throw new Error(`${rowCount} of ${saved} checkpoints moved`)
  }
}

type SavesOf = (parts: { readonly pool: pg.Pool; readonly held: readonly Lease[] }) => Sampler

async function openSaves(server: DurablePostgres, yardstick: SavesOf): Promise<Sides> {
  const url = await server.url()
  const database = await openPg({ url, poolSize: 4 })
  const pool = new pg.Pool({ connectionString: url, max: 1 })
  const drop = async (): Promise<void> => {
    for (const schema of Object.values(schemas))
      await database.script(`drop schema if exists ${schema} cascade`)
  }
  await drop()
  const ours = await openProcessorStore({ database, schema: schemas.ours })
  const theirs = await openProcessorStore({ database, schema: schemas.theirs })
  const held = await leases(theirs)
  const measured = ourSaves(ours, await leases(ours))
  await database.script('checkpoint')
  return {
    measured: atOnce({ workers: 1, size: saved }, measured),
    yardstick: yardstick({ pool, held }),
    async [Symbol.asyncDispose]() {
      await pool.end()
      await drop()
      await database[Symbol.asyncDispose]()
    },
  }
}

/** A log, and where a processor stood in it that was stopped a batch before its end. */
interface LongLog extends AsyncDisposable {
  readonly url: string
  readonly stoppedAt: Position
}

const processor = 'bench-restart'
const batch = 500
const commitSize = 1_000

async function fillLog(server: DurablePostgres, { quick, signal }: SuiteOptions): Promise<LongLog> {
  const url = await server.url()
  await using database = await openPg({ url, poolSize: 4 })
  await database.script(`drop schema if exists ${schemas.ours} cascade`)
  const store = await openPostgresStore({ database, schema: schemas.ours })
  const [commits, events] = [(quick ? 5_000 : 1_000_000) / commitSize, newEvents(commitSize)]
  let stoppedAt = await store.log.beginning()
  for (let n = 1; n <= commits; n++) {
    signal.throwIfAborted()
    const stream = createStreamId('order', String(n % 100))
    const { position } = await store.append(stream, events, { expectedVersion: 'any' })
    if (n < commits && position !== undefined) stoppedAt = position
  }
  const processed = await openProcessorStore({ database, schema: schemas.ours })
  const start = await store.log.beginning()
  await processed.register({ processor, partitions: 1, log: store.log.name, start })
  const asked = await processed.acquire({ processor, partition: 0 }, { owner: 'bench', ttlMs })
  if (asked.kind !== 'granted') throw new Error('the lease of a new processor is free')
  const nothing = { records: 1, writes: [], deliveries: [], parked: [], unparked: [] }
  await processed.advance(asked.lease, { ...nothing, checkpoint: stoppedAt })
  await processed.release(asked.lease)
  await store[Symbol.asyncDispose]()
  await database.script(`vacuum analyze ${schemas.ours}.events`)
  return {
    url,
    stoppedAt,
    [Symbol.asyncDispose]: async () => {
      await using last = await openPg({ url, poolSize: 1 })
      await last.script(`drop schema if exists ${schemas.ours} cascade`)
    },
  }
}

/** From nothing open to the first event in a handler, as after a restart of the process. */
function restart({ url }: LongLog): Sampler {
  return async () => {
    const begin = performance.now()
    await using stack = new AsyncDisposableStack()
    const database = stack.use(await openPg({ url }))
    const store = stack.use(await openPostgresStore({ database, schema: schemas.ours }))
    const processed = await openProcessorStore({ database, schema: schemas.ours })
    const first = Promise.withResolvers<string>()
    const runtime = stack.use(
      createProcessorRuntime({
        log: store.log,
        store: processed,
        decode: createEventDecoder(),
        processors: [
          defineProcessor({
            name: processor,
            startFrom: 'beginning',
            timeoutMs: ttlMs,
            // Never ends: the next restart begins at the same place.
            handle: async ([event]) => {
              first.resolve(event?.type ?? 'nothing')
              await new Promise(() => undefined)
            },
          }),
        ],
        stopGraceMs: 0,
      }),
    )
    await runtime.start()
    const type = await first.promise
    const ms = performance.now() - begin
    if (type !== eventType) throw new Error(`the first event was ${type}`)
    return { operations: 1, ms }
  }
}

/** Connect, read the checkpoint, read the next events: what no restart can do without. */
function restartByHand({ url }: LongLog): Sampler {
  return async () => {
    const begin = performance.now()
    const client = new pg.Client(url)
    await client.connect()
    try {
      const { rows } = await client.query<{ checkpoint_commit: string }>(
        `select checkpoint_commit from ${schemas.ours}.processor_partitions where processor = $1`,
        [processor],
      )
      const { rows: events } = await client.query<{ payload: unknown }>(
        `select event_id, stream_id, type, payload from ${schemas.ours}.events
         where commit_seq > $1 order by commit_seq, commit_index limit ${batch}`,
        [rows[0]?.checkpoint_commit],
      )
      if (events.length !== batch) throw new Error(`${events.length} of ${batch} events were read`)
      return { operations: 1, ms: performance.now() - begin }
    } finally {
      await client.end()
    }
  }
}

/** Checkpoints: how many are saved in a second, and how soon work goes on after a restart. */
export function checkpointContests(server: DurablePostgres, options: SuiteOptions): readonly Contest[] {
  const name = `checkpoints of ${saved} partitions saved together`
  return [
    {
      name,
      unit: 'saves/s',
      yardstick: `${promisedSaves} saves a second, as promised`,
      goal: 1,
      open: async () => await openSaves(server, () => figure(promisedSaves)),
    },
    {
      name: `${name}, against the statement`,
      unit: 'saves/s',
      yardstick: 'the same rows in one hand-written statement',
      open: async () =>
        await openSaves(server, ({ pool, held }) =>
          atOnce({ workers: 1, size: saved }, savesByHand(pool, held)),
        ),
    },
    {
      name: 'restart to the first event on a log of 1,000,000',
      unit: 'ms',
      yardstick: 'connect, read checkpoint and next events by hand',
      sampleMs: 1,
      open: async () => {
        const log = await fillLog(server, options)
        return {
          measured: restart(log),
          yardstick: restartByHand(log),
          [Symbol.asyncDispose]: async () => await log[Symbol.asyncDispose](),
        }
      },
    },
  ]
}
