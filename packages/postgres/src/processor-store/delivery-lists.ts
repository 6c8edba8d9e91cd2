import type { Delivery, DeliveryState, ListDeliveriesOptions, Page } from '@millrace/contracts'

import { toDelivery } from './delivery-rows.ts'
import type { DeliveryRow } from './delivery-rows.ts'
import type { Ledger } from './ledger.ts'
import { pageRequest, toPage } from './page-cursor.ts'

const sharedColumns = `id, seq, processor, partition, action, record_id, generation, position_commit, position_index, key,
  attempts, attempts_left, opened_at`

/** A row of `deliveries` as a {@link DeliveryRow}. */
export const openDeliveryColumns: string = `${sharedColumns}, state, in_flight, next_attempt_at, null::timestamptz as ended_at`

const deadColumns = `${sharedColumns}, 'dead' as state, false as in_flight, null::timestamptz as next_attempt_at,
  set_aside_at as ended_at`
const endedColumns = `${sharedColumns}, state, false as in_flight, null::timestamptz as next_attempt_at, ended_at`

// in:    processor or null, state or null, seq to stay below, limit; the same for all three
const openPart = `
  (select ${openDeliveryColumns} from :schema.deliveries
   where ($1::text is null or processor = $1) and ($2::text is null or state = $2) and seq < $3
   order by seq desc limit $4)`

const deadPart = `
  (select ${deadColumns} from :schema.dead_letters
   where ($1::text is null or processor = $1) and ($2::text is null or $2 = 'dead') and seq < $3
   order by seq desc limit $4)`

// Processor by processor, so that each walks its index from its newest on and reads no more than a page.
const endedPart = (condition: string): string => `
  (select ended.* from :schema.processors p cross join lateral (
     select ${endedColumns} from :schema.delivery_history h
     where h.processor = p.processor and h.seq < $3 and ($2::text is null or h.state = $2) ${condition}
     order by h.seq desc limit $4
   ) ended
   where $1::text is null or p.processor = $1
   order by seq desc limit $4)`

const list = (...parts: readonly string[]): string => `
  select * from (${parts.join(' union all ')}) known order by seq desc limit $4`

const ended = endedPart('')
const exceptions = endedPart("and h.state <> 'delivered'")

/** Where deliveries of a state lie. */
export const listByState: Readonly<Record<DeliveryState | 'any', string>> = {
  any: list(openPart, deadPart, ended),
  open: list(openPart),
  retrying: list(openPart),
  unknown: list(openPart),
  delivered: list(ended),
  cancelled: list(exceptions),
  dead: list(deadPart, exceptions),
}

// A delivery lies in one of the three tables at a time.
export const readOne: string = `
  select ${openDeliveryColumns} from :schema.deliveries where id = $1
  union all
  select ${deadColumns} from :schema.dead_letters where id = $1
  union all
  select ${endedColumns} from :schema.delivery_history where id = $1`

/**
 * Ids begin with that of their record: the condition for it, with {@link boundsOf} as its values. What lies between the bounds is
 * little more than those, in every collation.
 */
export const ofRecord: string = `id >= $1 and id <= $2 and (starts_with(id, $1 || ':') or starts_with(id, $1 || '#'))`

/** The deliveries of a record and of its parts, wherever they lie. */
export const readOfRecord: string = `
  select * from (
    select ${openDeliveryColumns} from :schema.deliveries where ${ofRecord}
    union all
    select ${deadColumns} from :schema.dead_letters where ${ofRecord}
    union all
    select ${endedColumns} from :schema.delivery_history where ${ofRecord}
  ) known order by seq limit 10000`

/** The bounds between which the ids of what a record caused lie: the record's id, and that with an end no id reaches. */
export function boundsOf(recordId: string): readonly [string, string] {
  return [recordId, `${recordId}${'z'.repeat(100)}`]
}

/** See `ProcessorStore.deliveriesOf`. */
export async function deliveriesOf(ledger: Ledger, recordId: string): Promise<readonly Delivery[]> {
  const rows = await ledger.database.query<DeliveryRow>(ledger.sql(readOfRecord), boundsOf(recordId))
  return rows.map(toDelivery)
}

/** See `ProcessorStore.listDeliveries`. */
export async function listDeliveries(
  ledger: Ledger,
  options: ListDeliveriesOptions = {},
): Promise<Page<Delivery>> {
  const { after, limit } = pageRequest(options)
  const { state, processor } = options
  const values = [processor ?? null, state ?? null, after ?? Number.MAX_SAFE_INTEGER, limit + 1]
  const rows = await ledger.database.query<DeliveryRow>(ledger.sql(listByState[state ?? 'any']), values)
  return toPage(rows, { limit }, { item: toDelivery, seq: ({ seq }) => seq })
}

/** See `ProcessorStore.getDelivery`. */
export async function getDelivery(ledger: Ledger, id: string): Promise<Delivery | undefined> {
  const [row] = await ledger.database.query<DeliveryRow>(ledger.sql(readOne), [id])
  return row === undefined ? undefined : toDelivery(row)
}
