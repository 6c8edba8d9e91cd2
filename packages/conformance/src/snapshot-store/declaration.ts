import type { SnapshotKey, SnapshotStore, StreamId } from '@millrace/contracts'

/** A snapshot store, as the adapter hands it to the suite. */
export interface SnapshotStoreUnderTest extends AsyncDisposable {
  readonly store: SnapshotStore
  /**
   * Damages what lies in a snapshot's place so that it cannot be read as a snapshot any more, as a disk or a hand would.
   * Left out by a store whose bytes nobody can get at.
   */
  readonly damage?: (streamId: StreamId, key: SnapshotKey) => Promise<void>
}

/** What an adapter says about itself before its snapshot store is put to the contract. */
export interface SnapshotStoreDeclaration {
  /** Names the suite. */
  readonly name: string
  /** Opens the store under test, once for all cases; they use streams of their own. */
  readonly open: () => Promise<SnapshotStoreUnderTest>
}
