import { checkWhole, InvalidValueError } from '@millrace/contracts'
import type { DueDeliveries, DueOptions, Lease } from '@millrace/contracts'

import { openDeliveryColumns } from './delivery-lists.ts'
import { toDelivery } from './delivery-rows.ts'
import type { DeliveryRow } from './delivery-rows.ts'
import { assertHeld } from './fence.ts'
import type { Ledger } from './ledger.ts'

const ofAction = `processor = $1 and partition = $2 and not in_flight and deliveries.action = wanted.action`

/** No earlier one of its key is open; `seq` grows in the order of the log. */
const isFirst = `not (deliveries.ordered and exists (
  select from :schema.deliveries earlier
  where earlier.processor = $1 and earlier.partition = $2 and earlier.action = deliveries.action
    and earlier.key = deliveries.key and earlier.ordered and earlier.seq < deliveries.seq))`

// in:    processor, partition, actions, limit
// out:   one row more than the limit, where there are as many
// Each action is asked for alone, so that each walks its own stretch of the index in order.
export const readDue: string = `
  select due.* from unnest($3::text[]) as wanted (action) cross join lateral (
    select ${openDeliveryColumns} from :schema.deliveries where ${ofAction} and next_attempt_at <= now() and ${isFirst}
    order by next_attempt_at, seq limit $4::int + 1
  ) due
  order by next_attempt_at, seq limit $4::int + 1`

// Not only later ones: what became due since the statement before is next as well.
export const readNext: string = `
  select extract(epoch from min(next.next_attempt_at) - now())::float8 * 1000 as in_ms
  from unnest($3::text[]) as wanted (action) cross join lateral (
    select next_attempt_at from :schema.deliveries where ${ofAction} and not id = any($4) and ${isFirst}
    order by next_attempt_at, seq limit 1
  ) next`

/** See `ProcessorStore.due`. */
export async function due(ledger: Ledger, lease: Lease, options: DueOptions): Promise<DueDeliveries> {
  checkWhole('options.limit', options.limit, { min: 1, max: 1000 })
  if (options.actions.length === 0) throw new InvalidValueError('options.actions', 'at least one action')
  const { limit, actions } = options
  const values = [lease.processor, lease.partition, actions]
  const rows = await ledger.database.query<DeliveryRow>(ledger.sql(readDue), [...values, limit])
  const deliveries = rows.slice(0, limit).map(toDelivery)
  const nextInMs =
    rows.length > limit
      ? 0
      : await nextIn(
          ledger,
          values,
          deliveries.map(({ id }) => id),
        )
  await assertHeld(ledger, ledger.database, lease)
  return { deliveries, nextInMs }
}

async function nextIn(
  ledger: Ledger,
  values: readonly unknown[],
  returned: readonly string[],
): Promise<number | undefined> {
  const [row] = await ledger.database.query<{ in_ms: number | null }>(ledger.sql(readNext), [
    ...values,
    returned,
  ])
  return row === undefined || row.in_ms === null ? undefined : Math.max(0, Math.ceil(row.in_ms))
}
