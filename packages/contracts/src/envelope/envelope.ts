import type { StreamId } from '../ids/stream-id.ts'
import type { CommitId, EventId } from '../ids/ulid.ts'
import type { EventVersion } from '../values/event-version.ts'
import type { Position } from '../values/position.ts'
import type { EventMetadata } from './metadata.ts'

/**
 * A fact to be recorded. Everything but `type` and `data` has a stated default; fields not listed here are refused.
 */
export interface NewEvent<Type extends string = string, Data = unknown> {
  /** Past tense, 1 to 255 characters of `A-Z a-z 0-9 _ . : / -`; `$` in front is reserved. */
  readonly type: Type
  readonly data: Data
  /**
   * Unique in the whole log. A store refuses a repeat within one commit only, but deliveries and parked records are
   * named after it: a second event of the same id would cause nothing. @defaultValue minted by the store
   */
  readonly id?: EventId
  /** Version of the data's schema, at most 2,147,483,647. @defaultValue 1 */
  readonly schemaVersion?: number
  /** In the years 1970 to 9999, never before the stream's last event. @defaultValue the later of now and the stream's last occurred-at */
  readonly occurredAt?: Date
  /** @defaultValue `{}`; the append's own metadata fills the gaps */
  readonly metadata?: EventMetadata
  /** At most 64; reserved for dynamic consistency boundaries, stored and read back. @defaultValue none */
  readonly tags?: readonly string[]
}

/** How a payload was encrypted, for the decoding pipeline. */
export interface Encryption {
  /** The data subject whose key was used. */
  readonly subject: string
  readonly keyId: string
}

/** What every recorded event carries beside its data. */
export interface EventHeader<Type extends string = string> {
  readonly id: EventId
  readonly streamId: StreamId
  readonly type: Type
  readonly schemaVersion: number
  /** The event's place in its stream, from 1. */
  readonly version: EventVersion
  /** The event's place in the whole log; `position.index` is its index in the commit. */
  readonly position: Position
  readonly commitId: CommitId
  /** When the fact happened, by the appender; millisecond exact. */
  readonly occurredAt: Date
  /** When the store recorded it, by the store's clock; millisecond exact. */
  readonly recordedAt: Date
  readonly metadata: EventMetadata
  readonly tags: readonly string[]
  /** Virtual bucket of the stream, 0 to 63. */
  readonly bucket: number
}

/** A recorded event as it lies in the store: data still encoded. */
export interface StoredEvent<Type extends string = string> extends EventHeader<Type> {
  readonly contentType: string
  /** Text for textual content types, byte for byte as written; bytes for the others. */
  readonly payload: string | Uint8Array
  readonly encryption: Encryption | undefined
  /** Hash of the stream's previous commit, once the stream's hash chain is switched on. */
  readonly previousHash: string | undefined
}

/** Which part of a split event this is; the parts share the version. */
export interface UpcastPart {
  readonly index: number
  readonly count: number
}

/** A recorded event, decoded. */
export interface Envelope<Type extends string = string, Data = unknown> extends EventHeader<Type> {
  readonly data: Data
  /** Set where an upcaster split one stored event into several. */
  readonly part?: UpcastPart
}
