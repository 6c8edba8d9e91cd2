import type { NewEvent, StoredEvent } from '../envelope/envelope.ts'
import type { EventMetadata } from '../envelope/metadata.ts'
import type { StreamId } from '../ids/stream-id.ts'
import type { CommitId } from '../ids/ulid.ts'
import type { EventLog } from '../log/event-log.ts'
import type { EventVersion, ExpectedVersion } from '../values/event-version.ts'
import type { Position } from '../values/position.ts'

/** An id given by a source that may repeat itself, for example a webhook's delivery id. Kept as long as its events. */
export interface ForeignId {
  /** The source, for example `github`; 1 to 63 bytes. */
  readonly source: string
  /** The source's own id; 1 to 255 bytes. */
  readonly id: string
}

/**
 * What must hold for an append to happen. Reserved for dynamic consistency boundaries; today every store refuses
 * `no-event-matches` with `NotSupportedError`.
 */
export type AppendCondition = {
  readonly kind: 'no-event-matches'
  readonly tags: readonly string[]
  readonly after: Position
}

/** What holds for a whole commit. */
export interface CommitOptions {
  /** The unit of idempotency. @defaultValue the first event's id, the caller's or the one that is minted for it */
  readonly commitId?: CommitId
  /**
   * Maps a foreign id to this commit in the same transaction. If it is mapped already, nothing is written and the
   * first commit's result is returned with `replayed: true`, whatever the content.
   */
  readonly foreignId?: ForeignId
  /** Metadata of every event of the commit; an event's own fields win. */
  readonly metadata?: EventMetadata
  readonly condition?: AppendCondition
}

/** Options of {@link EventStore.append}. */
export interface AppendOptions extends CommitOptions {
  readonly expectedVersion: ExpectedVersion
}

/** One stream's part of a commit. */
export interface StreamWrite {
  readonly streamId: StreamId
  readonly events: readonly NewEvent[]
  readonly expectedVersion: ExpectedVersion
}

/** The result of one stream's append. */
export interface AppendReceipt {
  readonly streamId: StreamId
  /** The stream's version after the append; the current one where nothing was written. */
  readonly version: EventVersion
  /** Place of the append's last event in the whole log; undefined where nothing was written. */
  readonly position: Position | undefined
  /** Undefined where nothing was written. */
  readonly commitId: CommitId | undefined
  /** True when the commit id or foreign id was known: this is the first append's result, nothing was written now. */
  readonly replayed: boolean
}

/** The result of a commit over several streams, in the order the writes were given. */
export interface CommitReceipt {
  readonly commitId: CommitId | undefined
  readonly replayed: boolean
  readonly streams: readonly AppendReceipt[]
}

/** Bounds shared by all reads; every bound is inclusive unless it says otherwise. */
export interface ReadBounds {
  /** @defaultValue `'forwards'` */
  readonly direction?: 'forwards' | 'backwards'
  /** The most stored events to yield. @defaultValue no limit */
  readonly limit?: number
  /** Earliest occurred-at, to the millisecond. */
  readonly occurredFrom?: Date
  /** Latest occurred-at, to the millisecond. */
  readonly occurredUntil?: Date
  /** Ends the read early; the iteration then throws the signal's reason. */
  readonly signal?: AbortSignal
}

/** A window of one stream. */
export interface ReadStreamOptions extends ReadBounds {
  /** The lowest version to yield. @defaultValue 1 */
  readonly fromVersion?: number
  /** The highest version to yield. @defaultValue the stream's current version */
  readonly toVersion?: number
}

/** A selection over all streams; several fields narrow it further. */
export interface ReadAllOptions extends ReadBounds {
  /** Only events after this position (exclusive). */
  readonly after?: Position
  /** Only events before this position (exclusive). */
  readonly before?: Position
  /** Only these event types. */
  readonly types?: readonly string[]
  /** Only streams of these categories. */
  readonly categories?: readonly string[]
  readonly correlationId?: string
  readonly causationId?: string
  readonly tenant?: string
  /** Trace id inside the traceparent, 32 hexadecimal digits. */
  readonly traceId?: string
  /** Waits until the read can see this position. */
  readonly atLeast?: Position
}

/** What is known of a stream without reading its events. */
export interface StreamInfo {
  readonly id: StreamId
  /** The number of events ever appended, the tombstone included. */
  readonly version: EventVersion
  readonly createdAt: Date
  readonly updatedAt: Date
  readonly tombstonedAt: Date | undefined
}

/** A page of streams, ordered by id (code units). */
export interface ListStreamsOptions {
  readonly category?: string
  /** Only ids after this one (exclusive). */
  readonly after?: string
  /** 1 to 1000. @defaultValue 100 */
  readonly limit?: number
  /** @defaultValue false */
  readonly includeTombstoned?: boolean
}

/** What an adapter can do beyond the base. */
export interface EventStoreCapabilities {
  /** {@link EventStore.commit} takes several streams; otherwise it refuses with `NotSupportedError`. */
  readonly multiStreamCommits: boolean
}

/**
 * Streams of events. Every adapter passes `eventStoreContract`.
 *
 * Appends are atomic and durable when they resolve; versions are gapless from 1; of all appends racing for one
 * expected version one wins. Reads yield stored events one by one in constant memory and see every append that
 * resolved before they began. Bad input throws before anything is written.
 */
export interface EventStore extends AsyncDisposable {
  readonly capabilities: EventStoreCapabilities
  /** The whole log of this store. */
  readonly log: EventLog<StoredEvent>
  /**
   * Records all events as one commit, or none. No events: writes nothing, checks the expectation and returns the
   * current version.
   * @throws {@link ConcurrencyError} with the true version; `'any'` never does
   * @throws {@link StreamNotFoundError} for `'stream-exists'` on a missing stream
   * @throws {@link StreamTombstonedError} when the stream was tombstoned
   * @throws {@link DuplicateEventError} when the commit id was used for other content, or an event id twice in it
   * @throws {@link PayloadTooLargeError} {@link EventSerializationError} {@link InvalidValueError}
   */
  append(streamId: StreamId, events: readonly NewEvent[], options: AppendOptions): Promise<AppendReceipt>
  /**
   * Records events of several streams as one commit, or none; each stream at most once.
   * @throws what {@link EventStore.append} throws, and `NotSupportedError` where the store has no such commits
   */
  commit(writes: readonly StreamWrite[], options?: CommitOptions): Promise<CommitReceipt>
  /** A window of one stream; a missing or tombstoned stream yields nothing. */
  read(streamId: StreamId, options?: ReadStreamOptions): AsyncIterable<StoredEvent>
  /** A selection over all streams in the order of the log. */
  readAll(options?: ReadAllOptions): AsyncIterable<StoredEvent>
  /** The stream's version in O(1); 0 for a missing or tombstoned stream. */
  currentVersion(streamId: StreamId): Promise<EventVersion>
  /** Whether the stream has events and is not tombstoned, in O(1). */
  exists(streamId: StreamId): Promise<boolean>
  /** Undefined for a stream that never had events. */
  describe(streamId: StreamId): Promise<StreamInfo | undefined>
  listStreams(options?: ListStreamsOptions): Promise<readonly StreamInfo[]>
  /**
   * Closes a stream for good: its events are deleted, an event of type `$tombstone` (data: `{reason}`) takes the next
   * version in the log, and every later append is refused. Tombstoning twice changes nothing.
   * @throws {@link StreamNotFoundError} {@link ConcurrencyError}
   */
  tombstone(streamId: StreamId, options: TombstoneOptions): Promise<AppendReceipt>
}

/** Options of {@link EventStore.tombstone}. */
export interface TombstoneOptions {
  readonly expectedVersion: ExpectedVersion
  /** Recorded with the tombstone; 1 to 1000 characters. */
  readonly reason: string
  readonly metadata?: EventMetadata
}
