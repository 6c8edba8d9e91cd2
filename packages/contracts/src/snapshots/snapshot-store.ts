import type { StreamId } from '../ids/stream-id.ts'
import type { Snapshot, SnapshotEntry, SnapshotKey } from './snapshot.ts'

/** Up to where in a stream a snapshot may have been taken; each bound is inclusive. */
export interface SnapshotBound {
  /** The highest version. */
  readonly atOrBelow?: number
  /** No event in the state occurred later. */
  readonly occurredUntil?: Date
  /** No event in the state was recorded later. */
  readonly recordedUntil?: Date
}

/** Which snapshot is wanted. */
export interface SnapshotQuery extends SnapshotBound {
  readonly name: string
  /** @defaultValue any */
  readonly schemaVersion?: number
}

/** A page of streams that have snapshots, ordered by id (code units). */
export interface SnapshotStreamsOptions {
  readonly category?: string
  /** Only ids after this one (exclusive). */
  readonly after?: string
  /** 1 to 1000. @defaultValue 100 */
  readonly limit?: number
}

/**
 * Saved states of streams, several of each. Every adapter passes `snapshotStoreContract`.
 *
 * A save is atomic and durable when it resolves; whoever reads meanwhile finds the snapshot whole or not at all. Stores
 * keep bytes: what is in them, and whether it may be believed, is for who reads them. Bad input is refused with
 * {@link InvalidValueError} before anything is written; a server that does not answer is a {@link ConnectionError}.
 */
export interface SnapshotStore {
  /** Keeps a snapshot, in the place of one with the same stream, name, version and schema version. */
  save(snapshot: Snapshot): Promise<void>
  /**
   * The one with the highest version, of several of one version that with the highest schema version.
   * @throws {@link InvalidSnapshotError} where what lies in its place cannot be read
   */
  latest(streamId: StreamId, query: SnapshotQuery): Promise<Snapshot | undefined>
  /** In the order of {@link SnapshotStore.latest}, best first; also those that cannot be read. */
  list(streamId: StreamId, options?: { readonly name?: string }): Promise<readonly SnapshotEntry[]>
  /** False where there is none. */
  remove(streamId: StreamId, key: SnapshotKey): Promise<boolean>
  /** Removes all of a name but the first `keep` of the list; 0 for all. How many were removed. */
  prune(streamId: StreamId, options: { readonly name: string; readonly keep: number }): Promise<number>
  /** Streams that have snapshots; perhaps also one whose last snapshot was removed just now. */
  streams(options?: SnapshotStreamsOptions): Promise<readonly StreamId[]>
}
