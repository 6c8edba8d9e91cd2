import { FencedError, LogReplacedError, comparePositions, defined } from '@millrace/contracts'
import type { Advance, AcquireOptions, Lease, LeaseAttempt } from '@millrace/contracts'

import type { PartitionKey } from './bucket-keys.ts'
import type { PartitionRecord } from './records.ts'
import type { Decision, Entry } from './stored-key.ts'

type PartitionDecision<Result> = Decision<PartitionRecord, Result>

/** When the lease ends, in epoch milliseconds by the server's clock. */
export function leaseEnd({ time = Number.POSITIVE_INFINITY }: Entry<PartitionRecord>, ttlMs: number): number {
  return time + ttlMs
}

function isHeld(record: PartitionRecord | undefined, { epoch, owner }: Lease): record is PartitionRecord {
  return record?.epoch === epoch && record.owner === owner
}

function refusal(
  { processor, partition, epoch }: Lease,
  record: PartitionRecord | undefined,
): { readonly kind: 'refuse'; readonly error: FencedError } {
  // A partition that was given back has no epoch in force.
  const currentEpoch = record?.owner === undefined ? undefined : record.epoch
  const what = `partition ${partition} of processor ${processor}`
  return { kind: 'refuse', error: new FencedError(what, { epoch, currentEpoch }) }
}

/** Takes the partition under the next epoch, unless somebody else's lease has not ended at `now`. */
export function taken(
  {
    key,
    options,
    free,
  }: { readonly key: PartitionKey; readonly options: AcquireOptions; readonly free: PartitionRecord },
  entry: Entry<PartitionRecord>,
  now: number,
): PartitionDecision<LeaseAttempt> {
  const { owner, ttlMs } = options
  const record = entry.value ?? free
  const until = leaseEnd(entry, record.ttlMs)
  // Not `now < until`: a time that is not known must end no lease.
  if (record.owner !== undefined && record.owner !== owner && !(now >= until))
    return { kind: 'keep', result: { kind: 'busy', heldBy: record.owner, until: new Date(until) } }
  const epoch = record.epoch + 1
  const lease: Lease = { ...key, owner, epoch, checkpoint: record.checkpoint }
  const takenFrom = record.owner === owner ? {} : defined({ takenFrom: record.owner })
  const result: LeaseAttempt = { kind: 'granted', lease, ...takenFrom }
  return { kind: 'write', value: { ...record, epoch, owner, ttlMs }, result }
}

/** A change by the lease's holder; each of them renews the lease, as the message's time is its beginning. */
export function changed(
  lease: Lease,
  { value }: Entry<PartitionRecord>,
  change: Partial<PartitionRecord>,
): PartitionDecision<void> {
  if (!isHeld(value, lease)) return refusal(lease, value)
  return { kind: 'write', value: { ...value, ...change }, result: undefined }
}

/** Gives the lease back, if it is still that one. */
export function released(lease: Lease, { value }: Entry<PartitionRecord>): PartitionDecision<void> {
  if (!isHeld(value, lease)) return { kind: 'keep', result: undefined }
  return { kind: 'write', value: { ...value, owner: undefined }, result: undefined }
}

/** Changes nothing. */
export function stillHeld(lease: Lease, { value }: Entry<PartitionRecord>): PartitionDecision<void> {
  return isHeld(value, lease) ? { kind: 'keep', result: undefined } : refusal(lease, value)
}

/** Moves the checkpoint, unless it is there already. */
export function moved(
  lease: Lease,
  { value }: Entry<PartitionRecord>,
  { checkpoint, records }: Advance,
): PartitionDecision<void> {
  if (!isHeld(value, lease)) return refusal(lease, value)
  const { generation: actual } = value.checkpoint
  const { generation: expected } = checkpoint
  if (actual !== expected) return { kind: 'refuse', error: new LogReplacedError({ expected, actual }) }
  if (comparePositions(checkpoint, value.checkpoint) <= 0) return { kind: 'keep', result: undefined }
  const recordsHandled = value.recordsHandled + records
  return { kind: 'write', value: { ...value, checkpoint, recordsHandled }, result: undefined }
}
