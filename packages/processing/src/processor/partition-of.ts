import { categoryOf } from '@millrace/contracts'
import type { LogFilter, StoredEvent } from '@millrace/contracts'

/** The partition that handles a bucket, from 0. Part of what is stored: a checkpoint is only true for its buckets. */
export function partitionOf(bucket: number, partitions: number): number {
  return bucket % partitions
}

/** Whether a filter lets a record pass; the same rule as the log's own. */
export function passes(filter: LogFilter | undefined, record: StoredEvent): boolean {
  if (filter === undefined) return true
  const { types, categories } = filter
  return (
    (types === undefined || types.includes(record.type)) &&
    (categories === undefined || categories.includes(categoryOf(record.streamId)))
  )
}
