import type { EncodedEvent } from '../codec/encoder.ts'
import type { StreamId } from '../ids/stream-id.ts'
import type { EventId } from '../ids/ulid.ts'
import type { CommitId } from '../ids/ulid.ts'
import type { EventStore } from '../store/event-store.ts'
import type { Position } from '../values/position.ts'

/** An event as a copy of a log takes it: encoded, and with everything that the original's store had added to it. */
export interface CopiedEvent extends EncodedEvent {
  readonly id: EventId
  readonly occurredAt: Date
}

/** What a tombstone says of the stream it closes; the events that said so are gone. */
export interface CopiedTombstone {
  /** The tombstone's own version, kept as it is. */
  readonly version: number
  /** When the stream's first event was recorded. */
  readonly createdAt: Date
}

/** One stream's part of a copied commit. */
export interface CopiedWrite {
  readonly streamId: StreamId
  /** At least one. They take the stream's next versions in the copy. */
  readonly events: readonly CopiedEvent[]
  /** Set where the one event closes the stream. */
  readonly tombstone?: CopiedTombstone
}

/** A commit as a copy takes it. */
export interface CopiedCommit {
  readonly commitId: CommitId
  /** Place of the original; what is derived from the copy's end is where to go on. */
  readonly source: Position
  readonly recordedAt: Date
  readonly writes: readonly CopiedWrite[]
}

/**
 * A copy of a log that nobody else writes to. What only the adapter knows of the original's commits, as the foreign ids
 * that led to them, it carries over by itself.
 */
export interface LogCopy extends AsyncDisposable {
  /** The copy as a store, for reading. */
  readonly store: EventStore
  /**
   * Number (`position.commit`) of the source's last commit that is in the copy whole, 0 where there is none. Every commit
   * before it is in the copy too, or came to nothing.
   */
  progress(): Promise<number>
  /**
   * Adds commits behind the copy's end, in their order. A process that dies leaves a prefix of them, whole commits only,
   * and {@link LogCopy.progress} says which. `end` is the place in the source that is reached with them.
   * @throws {@link ConcurrencyError} where another process writes to the copy
   */
  append(commits: readonly CopiedCommit[], end: Position): Promise<void>
}
