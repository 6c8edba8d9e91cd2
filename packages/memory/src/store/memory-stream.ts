import { bucketOfStream, categoryOf } from '@millrace/contracts'
import type { AppendReceipt, EventVersion, StoredEvent, StreamId, StreamInfo } from '@millrace/contracts'

/** One stream: what is worth remembering between two appends, so that an append computes none of it again. */
export class MemoryStream {
  readonly id: StreamId
  readonly category: string
  readonly bucket: number
  /** The event of version v at v - 1. Only ever appended to; a tombstone puts an empty list in its place. */
  events: StoredEvent[] = []
  version = 0
  /** Epoch milliseconds. */
  lastOccurredAt = 0
  createdAt = 0
  updatedAt = 0
  tombstone: { readonly at: number; readonly receipt: AppendReceipt } | undefined

  constructor(id: StreamId) {
    this.id = id
    this.category = categoryOf(id)
    this.bucket = bucketOfStream(id)
  }

  /** Adds events that follow the last one, recorded at `at` (epoch milliseconds). */
  add(events: readonly StoredEvent[], at: number): void {
    if (this.version === 0) this.createdAt = at
    this.updatedAt = at
    for (const event of events) this.events.push(event)
    this.version += events.length
    this.lastOccurredAt = events.at(-1)?.occurredAt.getTime() ?? this.lastOccurredAt
  }

  /** Drops every event, the tombstone included: it stands in the log only. */
  close(at: number, receipt: AppendReceipt): void {
    this.events = []
    this.tombstone = { at, receipt }
  }

  get tombstoned(): boolean {
    return this.tombstone !== undefined
  }

  /** 0 for a tombstoned stream. */
  get currentVersion(): EventVersion {
    return (this.tombstone === undefined ? this.version : 0) as EventVersion
  }

  info(): StreamInfo {
    return {
      id: this.id,
      version: this.version as EventVersion,
      createdAt: new Date(this.createdAt),
      updatedAt: new Date(this.updatedAt),
      tombstonedAt: this.tombstone === undefined ? undefined : new Date(this.tombstone.at),
    }
  }
}
