import type { PartitionStatus } from '@millrace/contracts'

import { toCheckpoint } from './lease.ts'
import type { Ledger } from './ledger.ts'

// The history is not looked at: what is counted is what is open or waits for somebody.
const readStatus = `
  select processor, partition, log, generation, checkpoint_commit, checkpoint_index, epoch,
    case when lease_until > clock_timestamp() then owner end as owner, paused, records_handled, last_error, updated_at,
    coalesce(open.count, 0) as open_deliveries,
    coalesce(greatest(0, extract(epoch from clock_timestamp() - open.oldest)) * 1000, 0)::float8 as backlog_age_ms,
    coalesce(parked.count, 0) as parked_records,
    coalesce(dead.count, 0) as dead_letters
  from :schema.processor_partitions
  join :schema.processors using (processor)
  left join (
    select processor, partition, count(*), min(opened_at) as oldest from :schema.deliveries group by processor, partition
  ) open using (processor, partition)
  left join (select processor, partition, count(*) from :schema.parked_records group by processor, partition) parked
    using (processor, partition)
  left join (select processor, partition, count(*) from :schema.dead_letters group by processor, partition) dead
    using (processor, partition)
  order by processor, partition`

interface StatusRow {
  readonly processor: string
  readonly partition: number
  readonly log: string
  readonly generation: string
  readonly checkpoint_commit: number
  readonly checkpoint_index: number
  readonly epoch: number
  readonly owner: string | null
  readonly paused: boolean
  readonly records_handled: number
  readonly last_error: string | null
  readonly updated_at: Date
  readonly open_deliveries: number
  readonly backlog_age_ms: number
  readonly parked_records: number
  readonly dead_letters: number
}

/** See `ProcessorStore.status`. */
export async function status(ledger: Ledger): Promise<readonly PartitionStatus[]> {
  return (await ledger.database.query<StatusRow>(ledger.sql(readStatus))).map(toStatus)
}

function toStatus(row: StatusRow): PartitionStatus {
  return {
    processor: row.processor,
    partition: row.partition,
    log: row.log,
    checkpoint: toCheckpoint(row),
    epoch: row.epoch,
    owner: row.owner ?? undefined,
    paused: row.paused,
    recordsHandled: row.records_handled,
    lastError: row.last_error ?? undefined,
    updatedAt: row.updated_at,
    openDeliveries: row.open_deliveries,
    backlogAgeMs: row.backlog_age_ms,
    parkedRecords: row.parked_records,
    deadLetters: row.dead_letters,
  }
}
