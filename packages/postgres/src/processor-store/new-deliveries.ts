import type { Lease, NewDelivery } from '@millrace/contracts'

import type { SqlTransaction } from '../sql/sql-database.ts'
import type { Reach } from './checkpoint.ts'
import { useIndexes } from './fence.ts'
import type { Ledger } from './ledger.ts'

// in:    processor, partition, epoch, generation, and an array for each column that varies
// A delivery that starts now is written as claimed: no statement of its own, and a crash leaves it visibly unknown. Whether
// it may is looked up once for each, by its key: as a subquery it would be planned to read all that are open, and three times.
const insertDeliveries = `
  insert into :schema.deliveries
    (id, processor, partition, epoch, action, record_id, generation, position_commit, position_index, key,
     state, in_flight, started_at, attempts_left, next_attempt_at, ordered, holds)
  select id, $1, $2, $3, action, record_id, $4, position_commit, position_index, key,
    'open', starts, case when starts then now() end, max_attempts - starts::int, now(), ordered, holds
  from unnest($5::text[], $6::text[], $7::text[], $8::bigint[], $9::int[], $10::text[], $11::int[], $12::boolean[], $13::boolean[],
    $14::boolean[])
    as given (id, action, record_id, position_commit, position_index, key, max_attempts, starts_now, ordered, holds)
  left join lateral (
    select true as waits from :schema.deliveries open
    where given.starts_now and given.ordered and open.processor = $1 and open.partition = $2 and open.action = given.action
      and open.key = given.key and open.ordered
    order by open.action, open.key, open.seq limit 1) earlier on true
  left join lateral (
    select true as waits from :schema.dead_letters dead
    where given.starts_now and given.holds and dead.processor = $1 and dead.partition = $2 and dead.action = given.action
      and dead.key = given.key and dead.holds
    limit 1) letter on true
  cross join lateral (select starts_now and earlier.waits is null and letter.waits is null) as may (starts)
  on conflict (id) do nothing`

export const insertOrdered: string = `${insertDeliveries} returning id, in_flight`

// What this transaction inserted, where some were known.
const readInserted = `
  select id from :schema.deliveries where id = any($1) and in_flight and xmin = pg_current_xact_id()::xid`

export const readKnown: string = `
  select id from :schema.delivery_history where id = any($1)
  union all
  select id from :schema.dead_letters where id = any($1)`

const readStarted = `
  select id from :schema.deliveries
  where id = any($4) and processor = $1 and partition = $2 and epoch = $3 and in_flight and attempts = '[]'`

/** What {@link openDeliveries} is asked for. */
export interface DeliveriesToOpen {
  /** Of the log they are about. */
  readonly generation: string
  readonly deliveries: readonly NewDelivery[]
  /** Records that were parked until now: they had no effect yet, however old they are. */
  readonly unparked: readonly string[]
  readonly reach: Reach
  /** Whether statements of a user's have run in this transaction. */
  readonly afterWrites: boolean
}

/** Writes the deliveries that are not known yet; the ids of those that start now. */
export async function openDeliveries(
  ledger: Ledger,
  tx: SqlTransaction,
  lease: Lease,
  wanted: DeliveriesToOpen,
): Promise<readonly string[]> {
  const deliveries = await withoutKnown(ledger, tx, wanted)
  if (deliveries.length === 0) return []
  const values = [lease.processor, lease.partition, lease.epoch, wanted.generation, ...toColumns(deliveries)]
  if (deliveries.some(({ ordered }) => ordered === true)) {
    // A checkpoint that moved without statements of a user's has said so already.
    if (wanted.afterWrites) await tx.query(`select ${useIndexes}`)
    return await insertInOrder(ledger, tx, values)
  }
  const inserted = await tx.execute(ledger.sql(insertDeliveries), values)
  const starting = deliveries.filter(({ startsNow }) => startsNow).map(({ id }) => id)
  if (inserted === deliveries.length) return starting
  return (await tx.query<{ id: string }>(ledger.sql(readInserted), [starting])).map(({ id }) => id)
}

/** Some may have to wait for an earlier one of their key: the database says which have started. */
async function insertInOrder(
  ledger: Ledger,
  tx: SqlTransaction,
  values: readonly unknown[],
): Promise<readonly string[]> {
  const rows = await tx.query<{ id: string; in_flight: boolean }>(ledger.sql(insertOrdered), values)
  return rows.filter((row) => row.in_flight).map(({ id }) => id)
}

/** Of deliveries an earlier sending of the same advance wrote, those whose first attempt is under way. */
export async function startedBefore(
  ledger: Ledger,
  tx: SqlTransaction,
  lease: Lease,
  deliveries: readonly NewDelivery[],
): Promise<readonly string[]> {
  const ids = deliveries.filter(({ startsNow }) => startsNow).map(({ id }) => id)
  if (ids.length === 0) return []
  const values = [lease.processor, lease.partition, lease.epoch, ids]
  const started = await tx.query<{ id: string }>(ledger.sql(readStarted), values)
  return started.map(({ id }) => id)
}

/**
 * A delivery's identity holds for ever, but only a record this partition has handled before (a reset, a parked one)
 * can have deliveries that ended: the history is not asked for any other.
 */
async function withoutKnown(
  ledger: Ledger,
  tx: SqlTransaction,
  { deliveries, unparked, reach }: DeliveriesToOpen,
): Promise<readonly NewDelivery[]> {
  const handled = deliveries.filter(({ position }) => position.commit <= reach.handled_commit)
  if (handled.length === 0) return deliveries
  const rows = await tx.query<{ id: string }>(ledger.sql(readKnown), [handled.map(({ id }) => id)])
  const known = new Set(rows.map(({ id }) => id))
  const neverHandled = new Set(unparked)
  return deliveries.filter(
    ({ id, position, recordId }) =>
      !known.has(id) && (position.commit > reach.forgotten_commit || neverHandled.has(recordId)),
  )
}

function toColumns(deliveries: readonly NewDelivery[]): readonly (readonly unknown[])[] {
  return [
    deliveries.map(({ id }) => id),
    deliveries.map(({ action }) => action),
    deliveries.map(({ recordId }) => recordId),
    deliveries.map(({ position }) => position.commit),
    deliveries.map(({ position }) => position.index),
    deliveries.map(({ key }) => key),
    deliveries.map(({ maxAttempts }) => maxAttempts),
    deliveries.map(({ startsNow }) => startsNow),
    deliveries.map(({ ordered }) => ordered === true),
    deliveries.map(({ ordered, holds }) => ordered === true && holds === true),
  ]
}
