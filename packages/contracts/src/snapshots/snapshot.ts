import type { Encryption } from '../envelope/envelope.ts'
import type { StreamId } from '../ids/stream-id.ts'
import type { CommitId } from '../ids/ulid.ts'
import type { EventVersion } from '../values/event-version.ts'
import type { Position } from '../values/position.ts'

/** `md5` is read, never written. */
export type SnapshotChecksumAlgorithm = 'sha256' | 'xxhash64' | 'md5'

/** How the bytes of a state were made smaller. */
export type SnapshotCompression = 'none' | 'gzip' | 'zstd'

/** Of the canonical JSON (RFC 8785) of a state, before compression and sealing. */
export interface SnapshotChecksum {
  readonly algorithm: SnapshotChecksumAlgorithm
  /** Lower-case hexadecimal digits. */
  readonly value: string
}

/** Tells the snapshots of one stream apart. */
export interface SnapshotKey {
  /** What the states are called: `[a-z][a-z0-9_-]*`, at most 63 characters. */
  readonly name: string
  /** The version of the stream after the last event in the state. */
  readonly version: EventVersion
  /** Of the state, raised by its author when its shape or its fold changes; 1 to 2,147,483,647. */
  readonly schemaVersion: number
}

/** Everything of a snapshot but its state. */
export interface SnapshotHeader extends SnapshotKey {
  readonly streamId: StreamId
  /** The schema version of each event type the state was folded with. */
  readonly eventVersions: Readonly<Record<string, number>>
  /** Of the last event in the state. */
  readonly position: Position
  /** Of the last event in the state: tells whether the stream is still the one the snapshot was taken of. */
  readonly commitId: CommitId
  /** The latest occurred-at of all events in the state. */
  readonly occurredAt: Date
  /** The latest recorded-at of all events in the state. */
  readonly recordedAt: Date
  readonly takenAt: Date
  /** Of the state before compression and sealing. */
  readonly contentType: string
  readonly compression: SnapshotCompression
  /** Of what is sealed instead, where the state is sealed: then nothing else may be told of it. */
  readonly checksum: SnapshotChecksum
  /**
   * The same algorithm over the very bytes before compression: where it holds, so does the checksum, which takes longer to
   * find out. Undefined in old data and where the state is sealed.
   */
  readonly contentChecksum: string | undefined
  /** The keys the state was sealed with, one for each data subject in it; empty where it holds nothing encrypted. */
  readonly encryption: readonly Encryption[]
}

/** A saved state. Disposable: its stream always tells the same, only slower. */
export interface Snapshot extends SnapshotHeader {
  /** Serialized, then compressed, then sealed. */
  readonly state: Uint8Array
}

/** A snapshot in a list. */
export interface SnapshotEntry extends SnapshotKey {
  /** Of the state as it is stored. */
  readonly bytes: number
  /** Undefined where it cannot be read. */
  readonly header: SnapshotHeader | undefined
}
