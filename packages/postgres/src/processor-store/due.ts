import { checkWhole, InvalidValueError } from '@millrace/contracts'
import type { DueDeliveries, DueOptions, Lease } from '@millrace/contracts'

import type { SqlTransaction } from '../sql/sql-database.ts'
import { openDeliveryColumns } from './delivery-lists.ts'
import { toDelivery } from './delivery-rows.ts'
import type { DeliveryRow } from './delivery-rows.ts'
import { assertHeld, useIndexes } from './fence.ts'
import type { Ledger } from './ledger.ts'

/** So many that are due are looked at for the first of their keys; behind them the keys are looked at instead. */
const window = 2_000
/** So many keys of an action are looked at; where there are more, all that is due is. */
const maxKeys = 5_000

const ofAction = `processor = $1 and partition = $2 and not in_flight and deliveries.action = wanted.action`
const isOfKind = `${ofAction} and deliveries.ordered = kind.ordered`
/** Each action, and its ordered deliveries apart from the others: so each walks its own stretch of the index in order. */
const wanted = `from unnest($3::text[]) as wanted (action) cross join (values (false), (true)) as kind (ordered)`

/** No earlier one of its key died and holds it. */
const isNotHeld = `not (deliveries.holds and exists (
  select from :schema.dead_letters letter
  where letter.processor = $1 and letter.partition = $2 and letter.action = deliveries.action
    and letter.key = deliveries.key and letter.holds and letter.seq < deliveries.seq))`
/**
 * Whether an earlier one of its key is open; `seq` grows in the order of the log. The order is that of the one index that leads
 * to a key: the table may have been empty when this was planned, and any other would have done.
 */
const earlierOfKey = `left join lateral (
    select true as is_open from :schema.deliveries earlier
    where deliveries.ordered and earlier.processor = $1 and earlier.partition = $2 and earlier.action = deliveries.action
      and earlier.key = deliveries.key and earlier.ordered and earlier.seq < deliveries.seq
    order by earlier.action, earlier.key, earlier.seq limit 1) before on true`
const isFirst = `before.is_open is null and ${isNotHeld}`

// in:    processor, partition, actions, so many to look at, limit
// out:   one row more than the limit, where there are as many
export const readDue: string = `
  select due.* ${wanted} cross join lateral (
    select ${openDeliveryColumns} from (
      select * from :schema.deliveries where ${isOfKind} and next_attempt_at <= now()
      order by next_attempt_at, seq limit $4::int) deliveries ${earlierOfKey}
    where ${isFirst} order by next_attempt_at, seq limit $5::int + 1
  ) due
  order by next_attempt_at, seq limit $5::int + 1`

/** The first of each key of each action, by skipping from key to key; $3: actions, $4: keys. */
const keys = `recursive keys as (
    select first.* from unnest($3::text[]) as wanted (action) cross join lateral (
      select action, key, seq, 1 as place from :schema.deliveries
      where processor = $1 and partition = $2 and deliveries.action = wanted.action and deliveries.ordered
      order by deliveries.key, deliveries.seq limit 1) first
    union all
    select next.action, next.key, next.seq, keys.place + 1 from keys cross join lateral (
      select action, key, seq from :schema.deliveries
      where processor = $1 and partition = $2 and deliveries.action = keys.action and deliveries.ordered
        and deliveries.key > keys.key
      order by deliveries.key, deliveries.seq limit 1) next
    where keys.place < $4::int
  ), firsts as (
    select deliveries.* from keys join :schema.deliveries deliveries
      on deliveries.processor = $1 and deliveries.partition = $2 and deliveries.action = keys.action
        and deliveries.ordered and deliveries.key = keys.key and deliveries.seq = keys.seq
    where not in_flight and ${isNotHeld}
  )`

// in:    processor, partition, actions, keys, limit
// out:   as readDue
export const readDueByKey: string = `
  with ${keys}
  select ${openDeliveryColumns} from (
    select * from firsts where next_attempt_at <= now()
    union all
    select free.* from unnest($3::text[]) as wanted (action) cross join lateral (
      select * from :schema.deliveries where ${ofAction} and not deliveries.ordered and next_attempt_at <= now()
      order by next_attempt_at, seq limit $5::int + 1) free
  ) due
  order by next_attempt_at, seq limit $5::int + 1`

// in:    processor, partition, actions, keys, ids that are known
// out:   as readNext; long where there are more keys
export const readNextByKey: string = `
  with ${keys}
  select coalesce((select max(place) from keys) >= $4::int, false) as is_long,
    extract(epoch from least(
      (select min(next_attempt_at) from firsts where not id = any($5)),
      (select min(free.next_attempt_at) from unnest($3::text[]) as wanted (action) cross join lateral (
        select next_attempt_at from :schema.deliveries
        where ${ofAction} and not deliveries.ordered and not id = any($5)
        order by next_attempt_at, seq limit 1) free)) - now())::float8 * 1000 as in_ms`

// Not only later ones: what became due since the statement before is next as well. Behind a long queue the question would
// take as long as the queue is.
// in:    processor, partition, actions, so many to look at, ids that are known
export const readNext: string = `
  select coalesce(bool_or(size.is_long), false) as is_long, extract(epoch from min(
    case when not size.is_long then (
      select next_attempt_at from :schema.deliveries ${earlierOfKey}
      where ${isOfKind} and not id = any($5) and ${isFirst}
      order by next_attempt_at, seq limit 1
    ) end) - now())::float8 * 1000 as in_ms
  ${wanted} cross join lateral (
    select kind.ordered and exists (
      select from :schema.deliveries where ${isOfKind} and next_attempt_at <= now()
      order by next_attempt_at, seq offset $4::int) as is_long
  ) size`

interface NextRow {
  readonly is_long: boolean
  readonly in_ms: number | null
}

/** One way to look, and how far it looks. */
interface Way {
  readonly due: string
  readonly next: string
  readonly bound: number
}

const near: Way = { due: readDue, next: readNext, bound: window }
const byKey: Way = { due: readDueByKey, next: readNextByKey, bound: maxKeys }
const whole: Way = { due: readDue, next: readNext, bound: 2_147_483_647 }

/** What was found, and whether more lies behind what was looked at. */
type Found = DueDeliveries & { readonly isLong: boolean }

/** See `ProcessorStore.due`. */
export async function due(ledger: Ledger, lease: Lease, options: DueOptions): Promise<DueDeliveries> {
  checkWhole('options.limit', options.limit, { min: 1, max: 1000 })
  if (options.actions.length === 0) throw new InvalidValueError('options.actions', 'at least one action')
  return await ledger.database.transaction(async (tx) => {
    await tx.query(`select ${useIndexes}`)
    const { deliveries, nextInMs } = await find({ ledger, tx, lease }, options)
    await assertHeld(ledger, tx, lease)
    return { deliveries, nextInMs }
  })
}

interface Looking {
  readonly ledger: Ledger
  readonly tx: SqlTransaction
  readonly lease: Lease
}

async function find(looking: Looking, options: DueOptions): Promise<Found> {
  const first = await look(looking, options, near)
  if (!first.isLong) return first
  // A long queue behind few keys hides what else is due.
  const firsts = await look(looking, options, byKey)
  if (!firsts.isLong) return firsts
  if (firsts.deliveries.length > 0) return { ...firsts, nextInMs: 0 }
  return await look(looking, options, whole)
}

async function look(
  { ledger: { sql }, tx, lease: { processor, partition } }: Looking,
  { actions, limit }: DueOptions,
  way: Way,
): Promise<Found> {
  const values = [processor, partition, actions, way.bound]
  const rows = await tx.query<DeliveryRow>(sql(way.due), [...values, limit])
  const deliveries = rows.slice(0, limit).map(toDelivery)
  if (rows.length > limit) return { deliveries, nextInMs: 0, isLong: false }
  const ids = deliveries.map(({ id }) => id)
  const [row] = await tx.query<NextRow>(sql(way.next), [...values, ids])
  const inMs = row?.in_ms ?? undefined
  return {
    deliveries,
    nextInMs: inMs === undefined ? undefined : Math.max(0, Math.ceil(inMs)),
    isLong: row?.is_long ?? false,
  }
}
