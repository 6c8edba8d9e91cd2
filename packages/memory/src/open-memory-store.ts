import { createEventEncoder, createIdFactory } from '@millrace/contracts'
import type { EventStore, IdFactory, Serializer } from '@millrace/contracts'

import { Commits } from './log/commits.ts'
import { MemoryLog } from './log/memory-log.ts'
import { CommitWriter } from './store/commit-writer.ts'
import { MemoryStore } from './store/memory-store.ts'

/** Settings of {@link openMemoryStore}. */
export interface MemoryStoreOptions {
  /** Names the log in status and checkpoints. @defaultValue `memory` */
  readonly name?: string
  /** Current time in epoch milliseconds. @defaultValue `Date.now` */
  readonly now?: () => number
  /** Mints the ids the caller leaves out. @defaultValue a monotonic factory of the store's own */
  readonly ids?: IdFactory
  /** @defaultValue JSON */
  readonly serializer?: Serializer
  /** The largest event, payload and metadata together, in bytes. @defaultValue 1_000_000 */
  readonly maxEventBytes?: number
}

/**
 * Opens an empty event store in this process. It keeps serialized payloads like every other store, passes the same
 * contract, and is gone when it is disposed.
 *
 * Everything stays in memory: events until their stream is tombstoned, and each commit's id and receipt (for
 * idempotency) for as long as the store lives.
 */
export async function openMemoryStore(options: MemoryStoreOptions = {}): Promise<EventStore> {
  const {
    name = 'memory',
    now = Date.now,
    ids: mint = createIdFactory(now),
    serializer,
    maxEventBytes,
  } = options
  const encode = createEventEncoder({
    ...(serializer === undefined ? {} : { serializer }),
    ...(maxEventBytes === undefined ? {} : { maxEventBytes }),
  })
  const commits = new Commits(mint())
  const log = new MemoryLog(name, commits)
  const writer = new CommitWriter({ commits, encode, mint, now, committed: () => log.wake() })
  return new MemoryStore({ log, commits, writer })
}
