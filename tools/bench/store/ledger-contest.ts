import { createIdFactory, deliveryId } from '@millrace/contracts'
import type { AttemptResult, Lease, NewDelivery, ProcessorStore } from '@millrace/contracts'
import { openProcessorStore } from '@millrace/postgres'

import type { Contest, Sides } from '../harness/contest.ts'
import { atOnce } from '../harness/samplers.ts'
import { openArena, schemas } from './arena.ts'
import type { Arena } from './arena.ts'
import type { DurablePostgres } from './durable-postgres.ts'

const batch = 500
const [processor, action, generation, maxAttempts] = ['bench-observer', 'webhook', 'bench', 10]
const leaseMs = 3_600_000

const mint = createIdFactory()

/** Registers the one processor and takes its one partition. */
async function lease(store: ProcessorStore): Promise<Lease> {
  await store.register({ processor, partitions: 1, log: 'bench', start: { generation, commit: 0, index: 0 } })
  const attempt = await store.acquire({ processor, partition: 0 }, { owner: 'bench', ttlMs: leaseMs })
  if (attempt.kind !== 'granted')
    throw new Error(`the lease of a new processor was not granted: ${attempt.kind}`)
  return attempt.lease
}

function newDelivery(commit: number, index: number): NewDelivery {
  const recordId = mint()
  const id = deliveryId(recordId, processor, action)
  const key = `order-${index}`
  return { id, action, recordId, position: { generation, commit, index }, key, maxAttempts, startsNow: true }
}

function delivered({ id }: NewDelivery): AttemptResult {
  const attempt = {
    number: 1,
    startedAt: new Date(),
    durationMs: 12,
    outcome: 'delivered',
    statusCode: 204,
  } as const
  return { deliveryId: id, attempt, verdict: { kind: 'delivered' } }
}

/** One batch of a processor whose action always succeeds. */
function ourLoop(store: ProcessorStore, held: Lease): () => Promise<void> {
  let commit = 0
  return async () => {
    commit += 1
    const deliveries = Array.from({ length: batch }, (_, index) => newDelivery(commit, index))
    const advance = { records: batch, writes: [], deliveries, parked: [], unparked: [] }
    const { started } = await store.advance(held, {
      ...advance,
      checkpoint: { generation, commit, index: batch - 1 },
    })
    if (started.length !== batch) throw new Error(`${started.length} of ${batch} deliveries started`)
    await store.settle(held, { finished: deliveries.map(delivered), starting: [] })
  }
}

/** Fence, checkpoint and claimed deliveries. */
const openText = `
with moved as (
  update ${schemas.theirs}.processor_partitions
  set handled_commit = checkpoint_commit, checkpoint_commit = $3, checkpoint_index = $4,
      records_handled = records_handled + $5, updated_at = now()
  where processor = $1 and partition = 0 and epoch = $2
  returning epoch)
insert into ${schemas.theirs}.deliveries (id, processor, partition, epoch, action, record_id, generation, position_commit,
  position_index, key, state, in_flight, started_at, attempts_left, next_attempt_at)
select i, $1, 0, epoch, '${action}', r, '${generation}', $3, o - 1, k, 'open', true, now(), ${maxAttempts - 1}, now()
from moved, unnest($6::text[], $7::text[], $8::text[]) with ordinality as x (i, r, k, o)`

const columns = `id, seq, processor, partition, epoch, action, record_id, generation, position_commit, position_index, key,
  attempts_left, opened_at`

/** Fence, and what was delivered moved to the history with its attempt. */
const settleText = `
with held as (
  select epoch from ${schemas.theirs}.processor_partitions where processor = $1 and partition = 0 and epoch = $2
  for no key update),
ended as (
  delete from ${schemas.theirs}.deliveries d using held, unnest($3::text[], $4::jsonb[]) as x (i, attempt)
  where d.id = i and d.epoch = held.epoch
  returning d.*, attempt)
insert into ${schemas.theirs}.delivery_history (${columns}, state, attempts, ended_at)
select ${columns}, 'delivered', attempts || attempt, now() from ended`

/** The same writes by hand; how it was chosen: docs/decisions/0030-bench-yardsticks.md. */
function handLoop({ pool }: Arena, { epoch }: Lease): () => Promise<void> {
  const keys = Array.from({ length: batch }, (_, index) => `order-${index}`)
  const send = async (name: string, text: string, values: readonly unknown[]): Promise<void> => {
    const { rowCount } = await pool.query({ name, text, values: [processor, epoch, ...values] })
    if (rowCount !== batch) throw new Error(`${name} by hand changed ${rowCount} of ${batch} deliveries`)
  }
  let commit = 0
  return async () => {
    commit += 1
    const records = keys.map(() => mint())
    const ids = records.map((record) => deliveryId(record, processor, action))
    await send('open', openText, [commit, batch - 1, batch, ids, records, keys])
    const startedAt = new Date().toISOString()
    const attempts = keys.map(() =>
      JSON.stringify({ number: 1, durationMs: 12, outcome: 'delivered', statusCode: 204, startedAt }),
    )
    await send('settle', settleText, [ids, attempts])
  }
}

async function open(server: DurablePostgres): Promise<Sides> {
  const arena = await openArena(server)
  const { database } = arena
  const store = await openProcessorStore({ database, schema: schemas.ours })
  const theirs = await openProcessorStore({ database, schema: schemas.theirs })
  return {
    measured: atOnce({ workers: 1, size: batch }, ourLoop(store, await lease(store))),
    yardstick: atOnce({ workers: 1, size: batch }, handLoop(arena, await lease(theirs))),
    [Symbol.asyncDispose]: () => arena[Symbol.asyncDispose](),
  }
}

/** Deliveries written as claimed and moved to the history when they have been delivered. */
export function ledgerContest(server: DurablePostgres): Contest {
  return {
    name: `ledger, ${batch} deliveries opened, delivered and settled`,
    unit: 'deliveries/s',
    yardstick: 'the same writes in two hand-written statements',
    goal: 0.6,
    open: () => open(server),
  }
}
