import { checkDuration } from '@millrace/contracts'
import type { AttemptResult, DeliveryVerdict, Lease, Settlement } from '@millrace/contracts'

import type { SqlTransaction } from '../sql/sql-database.ts'
import { attemptJson, deliveryColumns } from './delivery-rows.ts'
import { lockLeaseForLedger } from './fence.ts'
import { commitAs } from './ledger.ts'
import type { Ledger } from './ledger.ts'
import { recordJson, recordSubject } from './record-copy.ts'
import { boundedText } from './texts.ts'

/** Ids, attempt numbers and attempts, side by side: the parameters 3 to 5 of every statement below. */
const eachResult = 'unnest($3::text[]), unnest($4::int[]), jsonb_array_elements($5::jsonb)'

/**
 * Compared so that no index leads to it: rows are to be found by their ids, also by a statement that was planned while the
 * table was empty, when any index would have done.
 */
const isOfPartition = (table: string): string =>
  `${table}processor is not distinct from $1 and ${table}partition is not distinct from $2`

/** The delivery a result is about, while that very attempt is in flight: a result sent again finds nothing. */
const attemptInFlight = `
  d.id = r.id and ${isOfPartition('d.')} and d.in_flight is not distinct from true and jsonb_array_length(d.attempts) = r.number - 1`

// in:    processor, partition, results, and of each its state and reason
// locks: the moved rows
export const moveToHistory: string = `
  with ended as (
    delete from :schema.deliveries d
    using rows from (${eachResult}, unnest($6::text[]), unnest($7::text[])) as r (id, number, attempt, end_state, reason)
    where ${attemptInFlight}
    returning d.*, r.attempt, r.end_state, r.reason
  )
  insert into :schema.delivery_history (${deliveryColumns}, state, reason, attempts, ended_at)
  select ${deliveryColumns}, end_state, reason, attempts || attempt, now() from ended`

// in:    processor, partition, results, and of each its reason, record and subject
// locks: the moved rows. A record kept from an earlier end stays where this one brought none
const moveToDeadLetters = `
  with ended as (
    delete from :schema.deliveries d
    using rows from (${eachResult}, unnest($6::text[]), unnest($7::text[]), unnest($8::text[]))
      as r (id, number, attempt, reason, copy, subject)
    where ${attemptInFlight}
    returning d.*, r.attempt, r.reason, r.copy, r.subject
  )
  insert into :schema.dead_letters (${deliveryColumns}, holds, reason, attempts, record, record_subject)
  select ${deliveryColumns}, holds, reason, attempts || attempt, coalesce(copy::json, record), coalesce(subject, record_subject)
  from ended`

// in:    processor, partition, results, and of each its delay in milliseconds; the same for both
const wait = (changes: string): string => `
  update :schema.deliveries d
  set in_flight = false, started_at = null, next_attempt_at = clock_timestamp() + r.delay_ms * interval '1 millisecond',
    ${changes}
  from rows from (${eachResult}, unnest($6::bigint[])) as r (id, number, attempt, delay_ms)
  where ${attemptInFlight}`

const waitForRetry = wait(`state = 'retrying', attempts = d.attempts || r.attempt`)
// An attempt that reached nobody is given back.
const putOff = wait('attempts_left = d.attempts_left + 1')

// in:    processor, partition, epoch, ids
export const startAttempts: string = `
  update :schema.deliveries
  set in_flight = true, epoch = $3, started_at = now(), attempts_left = greatest(attempts_left - 1, 0),
      state = case state when 'unknown' then 'retrying' else state end
  where id = any($4) and ${isOfPartition('')} and not in_flight`

// in:    processor, partition, id, attempt number
// out:   a row while that very attempt is in flight: the writes of a result sent again are not made again
// locks: the delivery
const lockAttempt = `
  select d.id from :schema.deliveries d, (values ($3::text, $4::int)) as r (id, number) where ${attemptInFlight} for update of d`

type Kind = DeliveryVerdict['kind']
type VerdictOf<K extends Kind> = Extract<DeliveryVerdict, { readonly kind: K }>
type Columns = readonly (readonly (string | number | null)[])[]

/** Runs a statement for the results of some kinds; `columns` is what it needs of their verdicts. */
function consequence<const K extends Kind>(
  kinds: readonly K[],
  statement: string,
  columns: (verdicts: readonly VerdictOf<K>[]) => Columns,
): (
  finished: readonly AttemptResult[],
) => { readonly statement: string; readonly values: readonly unknown[] } | undefined {
  const concerns = (verdict: DeliveryVerdict): verdict is VerdictOf<K> =>
    kinds.some((kind) => kind === verdict.kind)
  return (finished) => {
    const results = finished.filter(({ verdict }) => concerns(verdict))
    if (results.length === 0) return undefined
    const ids = results.map(({ deliveryId }) => deliveryId)
    const numbers = results.map(({ attempt }) => attempt.number)
    const attempts = JSON.stringify(results.map(({ attempt }) => attemptJson(attempt)))
    const verdicts = results.map(({ verdict }) => verdict).filter(concerns)
    return { statement, values: [ids, numbers, attempts, ...columns(verdicts)] }
  }
}

const delays = (verdicts: readonly VerdictOf<'retry' | 'defer'>[]): Columns => [
  verdicts.map(({ delayMs }) => Math.ceil(delayMs)),
]

/** One statement for each consequence, and none for one that did not occur. */
const consequences = [
  consequence(['delivered', 'cancelled'], moveToHistory, (verdicts) => [
    verdicts.map(({ kind }) => kind),
    verdicts.map((verdict) => (verdict.kind === 'cancelled' ? boundedText(verdict.reason) : null)),
  ]),
  consequence(['dead'], moveToDeadLetters, (verdicts) => [
    verdicts.map(({ reason }) => boundedText(reason)),
    verdicts.map(({ record }) => (record === undefined ? null : recordJson(record))),
    verdicts.map(({ record }) => recordSubject(record)),
  ]),
  consequence(['retry'], waitForRetry, delays),
  consequence(['defer'], putOff, delays),
]

function checkResult({ verdict }: AttemptResult): void {
  if (verdict.kind === 'retry' || verdict.kind === 'defer')
    checkDuration('settlement.finished.verdict.delayMs', verdict.delayMs)
}

/** Such a write holds up the partition it belongs to. */
const boundWrites = `select set_config('statement_timeout', '10s', true)`

/** What deliveries that share our transaction write. */
async function writeEffects(
  ledger: Ledger,
  tx: SqlTransaction,
  lease: Lease,
  finished: readonly AttemptResult[],
): Promise<void> {
  for (const { deliveryId, attempt, verdict, writes = [] } of finished) {
    if (writes.length === 0 || verdict.kind !== 'delivered') continue
    const values = [lease.processor, lease.partition, deliveryId, attempt.number]
    if ((await tx.query(ledger.sql(lockAttempt), values)).length === 0) continue
    await tx.query(boundWrites)
    for (const write of writes) await tx.execute(write.statement, write.values)
  }
}

/** See `ProcessorStore.settle`. */
export async function settle(
  ledger: Ledger,
  lease: Lease,
  { finished, starting }: Settlement,
): Promise<void> {
  finished.forEach(checkResult)
  await commitAs(ledger, 'settle', async (tx) => {
    await lockLeaseForLedger(ledger, tx, lease)
    await writeEffects(ledger, tx, lease, finished)
    for (const consequenceOf of consequences) {
      const { statement, values } = consequenceOf(finished) ?? {}
      if (statement !== undefined && values !== undefined)
        await tx.execute(ledger.sql(statement), [lease.processor, lease.partition, ...values])
    }
    if (starting.length === 0) return
    await tx.execute(ledger.sql(startAttempts), [lease.processor, lease.partition, lease.epoch, starting])
  })
}
