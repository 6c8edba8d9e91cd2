import type { Lease } from '@millrace/contracts'

import { deliveryColumns } from './delivery-rows.ts'
import { lockLeaseForLedger } from './fence.ts'
import { commitAs } from './ledger.ts'
import type { Ledger } from './ledger.ts'

const leftInFlight = `processor = $1 and partition = $2 and in_flight and epoch < $3`

const withUnknownAttempt = `attempts || jsonb_build_object(
  'number', jsonb_array_length(attempts) + 1,
  'startedAt', to_char(started_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
  'outcome', 'unknown')`

// in:    processor, partition, epoch, actions
const moveUnknownToDeadLetters = `
  with ended as (delete from :schema.deliveries where ${leftInFlight} and action = any($4) returning *)
  insert into :schema.dead_letters (${deliveryColumns}, holds, reason, attempts, record, record_subject)
  select ${deliveryColumns}, holds, 'its owner stopped during the attempt, the outcome is unknown', ${withUnknownAttempt}, record,
    record_subject
  from ended`

// The attempt was counted when it started; whoever allows a repeat gets at least one more. It is due since it started, and
// stays so: what piled up meanwhile does not overtake it.
export const markUnknown: string = `
  update :schema.deliveries
  set state = 'unknown', in_flight = false, started_at = null, attempts = ${withUnknownAttempt},
      attempts_left = greatest(attempts_left, 1)
  where ${leftInFlight}`

/** See `ProcessorStore.recover`. */
export async function recover(
  ledger: Ledger,
  lease: Lease,
  options: { readonly deadLetterActions: readonly string[] },
): Promise<{ readonly unknown: number }> {
  return await commitAs(ledger, 'recover', async (tx) => {
    await lockLeaseForLedger(ledger, tx, lease)
    const values = [lease.processor, lease.partition, lease.epoch]
    const actions = options.deadLetterActions
    const dead =
      actions.length === 0 ? 0 : await tx.execute(ledger.sql(moveUnknownToDeadLetters), [...values, actions])
    return { unknown: dead + (await tx.execute(ledger.sql(markUnknown), values)) }
  })
}
