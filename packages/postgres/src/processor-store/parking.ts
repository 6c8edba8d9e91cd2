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
//        subjects
// A record parked before keeps its place in the list and counts another try. One that is given twice is parked once, as
// it was given last: a row can be changed only once by a statement.
const insertParked = `
  insert into :schema.parked_records as known
    (id, processor, partition, record_id, generation, position_commit, position_index, reason, record, record_subject)
  select record_id || ':' || $1, $1, $2, record_id, generation, position_commit, position_index, reason, record::json,
    subject
  from (
    select distinct on (record_id) *
    from unnest($3::text[], $4::text[], $5::bigint[], $6::int[], $7::text[], $8::text[], $9::text[]) with ordinality as
      given (record_id, generation, position_commit, position_index, reason, record, subject, place)
    order by record_id, place desc
  ) once
  order by place
  on conflict (id) do update
  set reason = excluded.reason, tries = known.tries + 1, retry_requested = false, record = excluded.record,
      record_subject = excluded.record_subject`

const deleteParked = `
  delete from :schema.parked_records where processor = $1 and partition = $2 and record_id = any($3)`

const updateParked = `
  update :schema.parked_records set reason = $4, tries = tries + 1, retry_requested = false
  where processor = $1 and partition = $2 and record_id = $3`

/** What a parked record is read from. */
const parkedColumns = `id, set_aside_seq, processor, partition, record_id, generation, position_commit,
  position_index, reason, record, set_aside_at, tries, retry_requested`

const readToRetry = `
  select ${parkedColumns} from :schema.parked_records
  where processor = $1 and partition = $2 and retry_requested
  order by set_aside_seq limit $3`

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
