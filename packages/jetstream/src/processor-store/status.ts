import type { PartitionStatus } from '@millrace/contracts'

import type { StoredMessage } from '../wire/stored-message.ts'
import type { Bucket } from './bucket.ts'
import { leaseEnd } from './lease.ts'
import type { ListedProcessor } from './processor-list.ts'
import { firstRecord, partitionFormat } from './records.ts'
import type { PartitionRecord } from './records.ts'
import { serverTime } from './server-clock.ts'
import { valueOf } from './stored-key.ts'
import type { Entry } from './stored-key.ts'

interface Found {
  readonly processor: ListedProcessor
  readonly partition: number
  readonly message: StoredMessage | undefined
}

async function partitionsOf(bucket: Bucket, processor: ListedProcessor): Promise<readonly Found[]> {
  const numbers = Array.from({ length: processor.partitions }, (_, partition) => partition)
  return await Promise.all(
    numbers.map(async (partition) => {
      const subject = bucket.keys.partition({ processor: processor.processor, partition })
      return { processor, partition, message: await bucket.leader.last(subject) }
    }),
  )
}

function entryOf(bucket: Bucket, { processor, partition, message }: Found): Entry<PartitionRecord> {
  if (message === undefined) return { sequence: 0, time: processor.time, value: firstRecord(processor.start) }
  const subject = bucket.keys.partition({ processor: processor.processor, partition })
  const value = valueOf({ bucket, subject, format: partitionFormat }, message)
  return { sequence: message.sequence, time: message.time, value }
}

function statusOf(
  { processor: { processor, log, start, paused }, partition }: Found,
  entry: Entry<PartitionRecord>,
  now: number,
): PartitionStatus {
  const { epoch, owner, ttlMs, checkpoint, recordsHandled, lastError } = entry.value ?? firstRecord(start)
  return {
    processor,
    partition,
    log,
    checkpoint,
    epoch,
    owner: now >= leaseEnd(entry, ttlMs) ? undefined : owner,
    paused,
    recordsHandled,
    lastError,
    updatedAt: new Date(entry.time ?? 0),
    openDeliveries: 0,
    backlogAgeMs: 0,
    parkedRecords: 0,
    deadLetters: 0,
  }
}

/** See `ProcessorStore.status`. */
export async function readStatus(
  bucket: Bucket,
  processors: readonly ListedProcessor[],
): Promise<readonly PartitionStatus[]> {
  const found: Found[] = []
  // One after the other: at most 64 questions are under way at once.
  for (const processor of processors) found.push(...(await partitionsOf(bucket, processor)))
  const now = await serverTime(bucket)
  return found.map((each) => statusOf(each, entryOf(bucket, each), now))
}
