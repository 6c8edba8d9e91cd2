import { checkText, checkWhole } from '@millrace/contracts'
import type { HeldStream, HeldStreams } from '@millrace/contracts'

import { toPosition } from './delivery-rows.ts'
import type { PositionRow } from './delivery-rows.ts'
import type { Ledger } from './ledger.ts'

// in:    processor, limit
// out:   of each stream that is held, its first parked record and how many there are; and how many streams
const readHeld = `
  select *, count(*) over () as streams from (
    select distinct on (held_stream) held_stream, partition, id, record_id, generation, position_commit, position_index,
      reason, set_aside_at, tries, retry_requested, count(*) over (partition by held_stream) as records
    from :schema.parked_records where processor = $1 and held_stream is not null
    order by held_stream, position_commit, position_index
  ) first
  order by position_commit, position_index limit $2`

interface HeldRow extends PositionRow {
  readonly held_stream: string
  readonly partition: number
  readonly id: string
  readonly record_id: string
  readonly reason: string
  readonly set_aside_at: Date
  readonly tries: number
  readonly retry_requested: boolean
  readonly records: number
  readonly streams: number
}

function toHeldStream(row: HeldRow, processor: string): HeldStream {
  const { partition, held_stream: stream, records, id, reason, tries } = row
  const first = {
    id,
    recordId: row.record_id,
    position: toPosition(row),
    reason,
    setAsideAt: row.set_aside_at,
    tries,
    retryRequested: row.retry_requested,
  }
  return { processor, partition, stream, records, first }
}

/** See `DeadLetterQueue.held`. */
export async function readHeldStreams(
  ledger: Ledger,
  processor: string,
  limit: number,
): Promise<HeldStreams> {
  checkText('processor', processor)
  checkWhole('limit', limit, { min: 1, max: 1000 })
  const rows = await ledger.database.query<HeldRow>(ledger.sql(readHeld), [processor, limit])
  return { count: rows[0]?.streams ?? 0, streams: rows.map((row) => toHeldStream(row, processor)) }
}
