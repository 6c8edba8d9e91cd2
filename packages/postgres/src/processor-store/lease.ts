import { checkDuration, checkText, ConfigurationError } from '@millrace/contracts'
import type { AcquireOptions, Lease, LeaseAttempt, Position } from '@millrace/contracts'

import { fencedError, leaseKey } from './fence.ts'
import type { Ledger } from './ledger.ts'
import { boundedText } from './texts.ts'

// in:    processor, partition, owner, ttl in milliseconds
// out:   the new epoch, the checkpoint and who had the lease before, or nothing where it is held or the processor paused;
//        who had it before is as the statement began: another taker in between gets it for itself alone
// locks: the partition's row; of two takers the second finds the first one's lease
const takeLease = `
  with former as (
    select owner from :schema.processor_partitions where processor = $1 and partition = $2
  )
  update :schema.processor_partitions p
  set epoch = epoch + 1, owner = $3, lease_until = clock_timestamp() + $4 * interval '1 millisecond'
  where processor = $1 and partition = $2
    and (owner is null or owner = $3 or lease_until <= clock_timestamp())
    and not exists (select from :schema.processors q where q.processor = $1 and q.paused)
  returning epoch, generation, checkpoint_commit, checkpoint_index, (select owner from former) as former`

const readLease = `
  select owner, lease_until, paused, coalesce(lease_until <= clock_timestamp(), true) as free
  from :schema.processor_partitions join :schema.processors using (processor)
  where processor = $1 and partition = $2`

const renewLease = `
  update :schema.processor_partitions set lease_until = clock_timestamp() + $5 * interval '1 millisecond'
  where processor = $1 and partition = $2 and epoch = $3 and owner = $4`

const releaseLease = `
  update :schema.processor_partitions set owner = null, lease_until = null
  where processor = $1 and partition = $2 and epoch = $3 and owner = $4`

const updateError = `
  update :schema.processor_partitions set last_error = $5, updated_at = now()
  where processor = $1 and partition = $2 and epoch = $3 and owner = $4`

/** Which partition of which processor. */
export interface PartitionKey {
  readonly processor: string
  readonly partition: number
}

interface GrantedRow {
  readonly epoch: number
  readonly generation: string
  readonly checkpoint_commit: number
  readonly checkpoint_index: number
  readonly former: string | null
}

interface LeaseRow {
  readonly owner: string | null
  readonly lease_until: Date | null
  readonly paused: boolean
  readonly free: boolean
}

/** The checkpoint of a partition's row. */
export function toCheckpoint(row: Omit<GrantedRow, 'epoch' | 'former'>): Position {
  return { generation: row.generation, commit: row.checkpoint_commit, index: row.checkpoint_index }
}

/** See `ProcessorStore.acquire`. */
export async function acquire(
  ledger: Ledger,
  key: PartitionKey,
  options: AcquireOptions,
): Promise<LeaseAttempt> {
  checkText('options.owner', options.owner)
  checkDuration('options.ttlMs', options.ttlMs)
  for (;;) {
    const attempt = (await take(ledger, key, options)) ?? (await whyNot(ledger, key))
    // Undefined: the lease became free between the two statements.
    if (attempt !== undefined) return attempt
  }
}

async function take(
  ledger: Ledger,
  key: PartitionKey,
  options: AcquireOptions,
): Promise<LeaseAttempt | undefined> {
  const { processor, partition } = key
  const values = [processor, partition, options.owner, options.ttlMs]
  const [row] = await ledger.database.query<GrantedRow>(ledger.sql(takeLease), values)
  if (row === undefined) return undefined
  const lease = {
    processor,
    partition,
    owner: options.owner,
    epoch: row.epoch,
    checkpoint: toCheckpoint(row),
  }
  return row.former === null || row.former === options.owner
    ? { kind: 'granted', lease }
    : { kind: 'granted', lease, takenFrom: row.former }
}

async function whyNot(
  ledger: Ledger,
  { processor, partition }: PartitionKey,
): Promise<LeaseAttempt | undefined> {
  const [row] = await ledger.database.query<LeaseRow>(ledger.sql(readLease), [processor, partition])
  if (row === undefined)
    throw new ConfigurationError(`processor ${processor}`, `partition ${partition} was never registered`)
  if (row.paused) return { kind: 'paused' }
  if (row.free || row.owner === null || row.lease_until === null) return undefined
  return { kind: 'busy', heldBy: row.owner, until: row.lease_until }
}

/** See `ProcessorStore.renew`. */
export async function renew(ledger: Ledger, lease: Lease, ttlMs: number): Promise<void> {
  checkDuration('ttlMs', ttlMs)
  const renewed = await ledger.database.execute(ledger.sql(renewLease), [...leaseKey(lease), ttlMs])
  if (renewed === 0) throw await fencedError(ledger, ledger.database, lease)
}

/** See `ProcessorStore.release`. */
export async function release(ledger: Ledger, lease: Lease): Promise<void> {
  await ledger.database.execute(ledger.sql(releaseLease), leaseKey(lease))
}

/** See `ProcessorStore.reportError`. */
export async function reportError(ledger: Ledger, lease: Lease, error: string): Promise<void> {
  const values = [...leaseKey(lease), boundedText(error)]
  const written = await ledger.database.execute(ledger.sql(updateError), values)
  if (written === 0) throw await fencedError(ledger, ledger.database, lease)
}
