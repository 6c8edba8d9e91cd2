import { FencedError } from '@millrace/contracts'
import type { Lease } from '@millrace/contracts'

import type { SqlSession, SqlTransaction } from '../sql/sql-database.ts'
import type { Ledger } from './ledger.ts'

// in:    processor, partition, epoch, owner
// out:   one row while the lease holds
// locks: the partition's row until commit, so that writers of one partition come one after the other
const lockPartition = `
  select epoch from :schema.processor_partitions
  where processor = $1 and partition = $2 and epoch = $3 and owner = $4
  for no key update`

/**
 * The open deliveries' table is empty one minute and long the next: a plan kept from when it was small would read all of
 * it. Without sequential scans, plans for the rest of the transaction use its indexes at every size.
 */
export const useIndexes: string = `set_config('enable_seqscan', 'off', true)`

const lockPartitionForLedger = `
  select epoch, ${useIndexes} from :schema.processor_partitions
  where processor = $1 and partition = $2 and epoch = $3 and owner = $4
  for no key update`

const readLease = `
  select epoch from :schema.processor_partitions
  where processor = $1 and partition = $2 and epoch = $3 and owner = $4`

interface EpochRow {
  readonly epoch: number
  readonly held: boolean
}

const readEpoch = `
  select epoch, owner is not null as held from :schema.processor_partitions where processor = $1 and partition = $2`

/** The parameters every leased statement begins with. */
export function leaseKey(lease: Lease): readonly [string, number, number, string] {
  return [lease.processor, lease.partition, lease.epoch, lease.owner]
}

/** The error for a lease that has passed; a partition that was given back has no epoch in force. */
export async function fencedError(ledger: Ledger, session: SqlSession, lease: Lease): Promise<FencedError> {
  const { processor, partition, epoch } = lease
  const [row] = await session.query<EpochRow>(ledger.sql(readEpoch), [processor, partition])
  const currentEpoch = row?.held === true ? row.epoch : undefined
  return new FencedError(`partition ${partition} of processor ${processor}`, { epoch, currentEpoch })
}

/** Makes the transaction the only writer of the partition. @throws {@link FencedError} when the lease has passed. */
export async function lockLease(ledger: Ledger, tx: SqlTransaction, lease: Lease): Promise<void> {
  await lockBy(ledger, tx, lease, lockPartition)
}

/** {@link lockLease} for a transaction that changes open deliveries by their ids, and nothing of a user's. */
export async function lockLeaseForLedger(ledger: Ledger, tx: SqlTransaction, lease: Lease): Promise<void> {
  await lockBy(ledger, tx, lease, lockPartitionForLedger)
}

async function lockBy(ledger: Ledger, tx: SqlTransaction, lease: Lease, statement: string): Promise<void> {
  const held = await tx.query(ledger.sql(statement), leaseKey(lease))
  if (held.length === 0) throw await fencedError(ledger, tx, lease)
}

/**
 * To be called after a read that locks nothing: a lease that holds now has held all the while.
 * @throws {@link FencedError}
 */
export async function assertHeld(ledger: Ledger, session: SqlSession, lease: Lease): Promise<void> {
  const held = await session.query(ledger.sql(readLease), leaseKey(lease))
  if (held.length === 0) throw await fencedError(ledger, session, lease)
}
