import { LogReplacedError } from '@millrace/contracts'
import type { Advance, Lease } from '@millrace/contracts'

import type { SqlTransaction } from '../sql/sql-database.ts'
import { leaseKey, lockLease, useIndexes } from './fence.ts'
import type { Ledger } from './ledger.ts'

// in:    processor, partition, epoch, owner, generation, commit, index, records
// out:   up to where deliveries may be known; no row where the lease has passed or the checkpoint is not ahead
// locks: the partition's row until commit. The right-hand sides see the row as it was: handled_commit becomes the
//        checkpoint that is left behind
const moveForwardReturning = (more: string): string => `
  update :schema.processor_partitions
  set handled_commit = greatest(handled_commit, checkpoint_commit), checkpoint_commit = $6, checkpoint_index = $7,
      records_handled = records_handled + $8, updated_at = now()
  where processor = $1 and partition = $2 and epoch = $3 and owner = $4 and generation = $5
    and (checkpoint_commit, checkpoint_index) < ($6, $7)
  returning handled_commit, forgotten_commit${more}`

const moveForward = moveForwardReturning('')
const moveForwardForLedger = moveForwardReturning(`, ${useIndexes}`)

const countRecords = `
  update :schema.processor_partitions set records_handled = records_handled + $3, updated_at = now()
  where processor = $1 and partition = $2
  returning greatest(handled_commit, checkpoint_commit) as handled_commit, forgotten_commit`

const readGeneration = `
  select generation from :schema.processor_partitions where processor = $1 and partition = $2`

const readParked = `
  select id from :schema.parked_records where processor = $1 and partition = $2 and record_id = any($3) limit 1`

/** How much of the log this partition has seen before. */
export interface Reach {
  /** Deliveries of records up to this commit may be known already. */
  readonly handled_commit: number
  /** Of these, those up to this commit may have left the history. */
  readonly forgotten_commit: number
}

/**
 * Moves the checkpoint, or counts a parked record handled again where it stays; undefined when this advance happened
 * already.
 * @throws {@link FencedError} {@link LogReplacedError}
 */
export async function moveCheckpoint(
  ledger: Ledger,
  tx: SqlTransaction,
  lease: Lease,
  { checkpoint, records, unparked, writes }: Advance,
): Promise<Reach | undefined> {
  const { generation, commit, index } = checkpoint
  const values = [...leaseKey(lease), generation, commit, index, records]
  // How the statements of a user are planned is none of our business.
  const statement = writes.length > 0 ? moveForward : moveForwardForLedger
  const [moved] = await tx.query<Reach>(ledger.sql(statement), values)
  if (moved !== undefined) return moved
  await lockLease(ledger, tx, lease)
  await assertGeneration(ledger, tx, { lease, generation })
  const stillParked = await tx.query(ledger.sql(readParked), [lease.processor, lease.partition, unparked])
  if (stillParked.length === 0) return undefined
  return (await tx.query<Reach>(ledger.sql(countRecords), [lease.processor, lease.partition, records]))[0]
}

async function assertGeneration(
  ledger: Ledger,
  tx: SqlTransaction,
  { lease, generation }: { readonly lease: Lease; readonly generation: string },
): Promise<void> {
  const key = [lease.processor, lease.partition]
  const [row] = await tx.query<{ generation: string }>(ledger.sql(readGeneration), key)
  if (row !== undefined && row.generation !== generation)
    throw new LogReplacedError({ expected: generation, actual: row.generation })
}
