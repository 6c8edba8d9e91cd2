import { checkWhole } from '@millrace/contracts'
import type { Lease, NewParkedRecord, OperatorAction, ParkedRecord } from '@millrace/contracts'

import type { SqlTransaction } from '../sql/sql-database.ts'
import { toPosition } from './delivery-rows.ts'
import type { PositionRow } from './delivery-rows.ts'
import { assertHeld, lockLease } from './fence.ts'
import type { Ledger } from './ledger.ts'
import { historiesOf } from './operator-log.ts'
import { recordJson, recordSubject, toRecordCopy } from './record-copy.ts'
import { boundedText } from './texts.ts'

// in:    processor, partition, and one array each of record ids, generations, commits, indexes, reasons, records,
//        subjects, streams held, whether it waits untried
// A record parked before keeps its place in the list and counts another try. One that is given twice is parked once, as
// it was given last: a row can be changed only once by a statement.
const insertParked = `
  insert into :schema.parked_records as known
    (id, processor, partition, record_id, generation, position_commit, position_index, reason, record, record_subject,
     held_stream, waiting, tries)
  select record_id || ':' || $1, $1, $2, record_id, generation, position_commit, position_index, reason, record::json,
    subject, held_stream, waiting, case when waiting then 0 else 1 end
  from (
    select distinct on (record_id) *
    from unnest($3::text[], $4::text[], $5::bigint[], $6::int[], $7::text[], $8::text[], $9::text[], $10::text[],
      $11::bool[]) with ordinality as
      given (record_id, generation, position_commit, position_index, reason, record, subject, held_stream, waiting,
        place)
    order by record_id, place desc
  ) once
  order by place
  on conflict (id) do update
  set reason = excluded.reason, tries = known.tries + excluded.tries, retry_requested = false,
      record = excluded.record, record_subject = excluded.record_subject, held_stream = excluded.held_stream,
      waiting = excluded.waiting`

const deleteParked = `
  delete from :schema.parked_records where processor = $1 and partition = $2 and record_id = any($3)`

const updateParked = `
  update :schema.parked_records set reason = $4, tries = tries + 1, retry_requested = false, waiting = false
  where processor = $1 and partition = $2 and record_id = $3`

/** What a parked record is read from. */
const parkedColumns = `id, set_aside_seq, processor, partition, record_id, generation, position_commit,
  position_index, reason, record, set_aside_at, tries, retry_requested, held_stream, waiting`

// in:    processor, partition, limit
// out:   what holds no stream and whose retry was asked for; and whole streams, in the order of the log, whose first
//        record is to be tried: because it was asked for, or because it only waited for one that is gone
const readToRetry = `
  with ready as (
    select held_stream from (
      select distinct on (held_stream) held_stream, retry_requested or waiting as is_ready
      from :schema.parked_records
      where processor = $1 and partition = $2 and held_stream is not null
      order by held_stream, position_commit, position_index
    ) first
    where is_ready
  )
  select ${parkedColumns} from :schema.parked_records
  where processor = $1 and partition = $2
    and (held_stream is null and retry_requested or held_stream in (select held_stream from ready))
  order by case when held_stream is null then set_aside_seq end, position_commit, position_index limit $3`

const readHeld = `
  select distinct held_stream as stream from :schema.parked_records
  where processor = $1 and partition = $2 and held_stream is not null`

/** A parked record as columns. */
export interface ParkedRow extends PositionRow {
  readonly id: string
  readonly set_aside_seq: number
  readonly processor: string
  readonly partition: number
  readonly record_id: string
  readonly reason: string
  readonly record: string
  readonly set_aside_at: Date
  readonly tries: number
  readonly retry_requested: boolean
  readonly held_stream: string | null
  readonly waiting: boolean
}

export function toParkedRecord(row: ParkedRow, history: readonly OperatorAction[]): ParkedRecord {
  return {
    kind: 'parked',
    id: row.id,
    processor: row.processor,
    partition: row.partition,
    recordId: row.record_id,
    position: toPosition(row),
    reason: row.reason,
    record: toRecordCopy(row.record),
    setAsideAt: row.set_aside_at,
    tries: row.tries,
    retryRequested: row.retry_requested,
    holds: row.held_stream ?? undefined,
    waiting: row.waiting,
    history,
  }
}

/** Sets records aside, in the transaction that advances past them. */
export async function park(
  ledger: Ledger,
  tx: SqlTransaction,
  lease: Lease,
  parked: readonly NewParkedRecord[],
): Promise<void> {
  if (parked.length === 0) return
  await tx.execute(ledger.sql(insertParked), [
    lease.processor,
    lease.partition,
    parked.map(({ recordId }) => recordId),
    parked.map(({ position }) => position.generation),
    parked.map(({ position }) => position.commit),
    parked.map(({ position }) => position.index),
    parked.map(({ reason }) => boundedText(reason)),
    parked.map(({ record }) => recordJson(record)),
    parked.map(({ record }) => recordSubject(record)),
    parked.map(({ holds }) => holds ?? null),
    parked.map(({ waiting = false }) => waiting),
  ])
}

/** Takes records off the list that are handled now; who asked for it stays in the operator log. */
export async function unpark(
  ledger: Ledger,
  tx: SqlTransaction,
  lease: Lease,
  recordIds: readonly string[],
): Promise<void> {
  if (recordIds.length === 0) return
  await tx.execute(ledger.sql(deleteParked), [lease.processor, lease.partition, recordIds])
}

/** See `ProcessorStore.parkAgain`. */
export async function parkAgain(
  ledger: Ledger,
  lease: Lease,
  failure: { readonly recordId: string; readonly reason: string },
): Promise<void> {
  await ledger.database.transaction(async (tx) => {
    await lockLease(ledger, tx, lease)
    const values = [lease.processor, lease.partition, failure.recordId, boundedText(failure.reason)]
    await tx.execute(ledger.sql(updateParked), values)
  })
}

/** See `ProcessorStore.parkedToRetry`. */
export async function parkedToRetry(
  ledger: Ledger,
  lease: Lease,
  limit: number,
): Promise<readonly ParkedRecord[]> {
  checkWhole('limit', limit, { min: 1, max: 1000 })
  const values = [lease.processor, lease.partition, limit]
  const rows = await ledger.database.query<ParkedRow>(ledger.sql(readToRetry), values)
  await assertHeld(ledger, ledger.database, lease)
  const histories = await historiesOf(
    ledger,
    rows.map(({ id }) => id),
  )
  return rows.map((row) => toParkedRecord(row, histories.get(row.id) ?? []))
}

/** See `ProcessorStore.heldStreams`. */
export async function heldStreams(ledger: Ledger, lease: Lease): Promise<readonly string[]> {
  const values = [lease.processor, lease.partition]
  const rows = await ledger.database.query<{ stream: string }>(ledger.sql(readHeld), values)
  await assertHeld(ledger, ledger.database, lease)
  return rows.map(({ stream }) => stream)
}
