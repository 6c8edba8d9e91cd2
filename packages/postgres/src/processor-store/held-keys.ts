import { checkText, checkWhole } from '@millrace/contracts'
import type { HeldKey, HeldKeys } from '@millrace/contracts'

import type { Ledger } from './ledger.ts'

// in:    processor, limit
// out:   of each key that is held, the first dead letter of it and how many deliveries wait behind; and how many keys
const readHeld = `
  select first.*, (
    select count(*) from :schema.deliveries d
    where d.processor = $1 and d.partition = first.partition and d.action = first.action and d.key = first.key and d.ordered
      and d.holds and d.seq > first.seq) as waiting
  from (
    select *, count(*) over () as keys from (
      select distinct on (partition, action, key) partition, action, key, id, seq, reason, set_aside_at
      from :schema.dead_letters where processor = $1 and holds
      order by partition, action, key, seq
    ) letters
    order by seq limit $2
  ) first
  order by seq`

interface HeldRow {
  readonly partition: number
  readonly action: string
  readonly key: string
  readonly id: string
  readonly reason: string
  readonly set_aside_at: Date
  readonly waiting: number
  readonly keys: number
}

function toHeldKey({ partition, action, key, waiting, ...letter }: HeldRow): HeldKey {
  const { id: deadLetter, reason, set_aside_at: since } = letter
  return { partition, action, key, deadLetter, reason, since, waiting }
}

/** See `DeadLetterQueue.heldKeys`. */
export async function readHeldKeys(ledger: Ledger, processor: string, limit: number): Promise<HeldKeys> {
  checkText('processor', processor)
  checkWhole('limit', limit, { min: 1, max: 1000 })
  const rows = await ledger.database.query<HeldRow>(ledger.sql(readHeld), [processor, limit])
  return { count: rows[0]?.keys ?? 0, keys: rows.map(toHeldKey) }
}
