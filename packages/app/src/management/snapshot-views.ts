import type { SnapshotEntry, SnapshotHeader, StreamId } from '@millrace/contracts'
import type { SnapshotVerdict } from '@millrace/snapshots'

/** One saved state of a stream. */
export interface SnapshotView {
  readonly streamId: string
  readonly name: string
  /** Of the stream, after the last event in the state. */
  readonly version: number
  readonly schemaVersion: number
  /** Of the state as it is stored. */
  readonly bytes: number
  /** False where what lies there cannot be read; then the rest is null. */
  readonly readable: boolean
  readonly takenAt: string | null
  /** The latest time of an event in the state. */
  readonly occurredAt: string | null
  readonly compression: 'none' | 'gzip' | 'zstd' | null
  readonly checksum: string | null
  /** It holds personal data, and is encrypted. */
  readonly sealed: boolean | null
}

/** What became of a snapshot that was asked for. */
export interface TakenSnapshotView {
  readonly streamId: string
  readonly name: string
  readonly kind: 'saved' | 'skipped'
  /** Null where it was skipped. */
  readonly version: number | null
  /** Why it was skipped; null where it was not. */
  readonly reason: string | null
}

/** What was found about one snapshot. */
export interface SnapshotVerdictView {
  readonly name: string
  readonly version: number
  readonly schemaVersion: number
  readonly bytes: number
  /** `differs`: it is whole, but the events fold to another state. */
  readonly verdict: SnapshotVerdict['verdict']
  readonly reason: string | null
}

/** How a stream does. */
export interface StreamHealthView {
  readonly id: string
  /** How many events it has. */
  readonly events: number
  readonly version: number
  /** Of all payloads as they are stored. */
  readonly bytes: number
  readonly createdAt: string
  readonly updatedAt: string
  readonly tombstonedAt: string | null
  /** The newest that this release can use; null where there is none. */
  readonly snapshot: SnapshotView | null
  /** All of them where there is no snapshot. */
  readonly eventsSinceSnapshot: number
  /** What an operator may do about it. */
  readonly recommendation: 'none' | 'take-snapshot' | 'prune-snapshots' | 'define-snapshots'
  /** Why; null where there is nothing to do. */
  readonly reason: string | null
}

function textsOf({ takenAt, occurredAt, compression, checksum, encryption }: SnapshotHeader) {
  return {
    readable: true,
    takenAt: takenAt.toISOString(),
    occurredAt: occurredAt.toISOString(),
    compression,
    checksum: `${checksum.algorithm}:${checksum.value}`,
    sealed: encryption.length > 0,
  }
}

const unreadable = {
  readable: false,
  takenAt: null,
  occurredAt: null,
  compression: null,
  checksum: null,
  sealed: null,
}

/** A snapshot as plain JSON. */
export function snapshotView(streamId: StreamId, entry: SnapshotEntry): SnapshotView {
  const { name, version, schemaVersion, bytes, header } = entry
  const texts = header === undefined ? unreadable : textsOf(header)
  return { streamId, name, version, schemaVersion, bytes, ...texts }
}

/** A verdict as plain JSON. */
export function verdictView(found: SnapshotVerdict): SnapshotVerdictView {
  const { name, version, schemaVersion, bytes, verdict, reason = null } = found
  return { name, version, schemaVersion, bytes, verdict, reason }
}
