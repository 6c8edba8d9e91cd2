import {
  categoryOf,
  checkSnapshot,
  checkSnapshotKey,
  checkSnapshotList,
  checkSnapshotPrune,
  checkSnapshotQuery,
  checkSnapshotStreams,
  compareSnapshots,
  matchesSnapshotKey,
  matchesSnapshotTimes,
} from '@millrace/contracts'
import type {
  Snapshot,
  SnapshotEntry,
  SnapshotKey,
  SnapshotQuery,
  SnapshotStore,
  SnapshotStreamsOptions,
  StreamId,
} from '@millrace/contracts'

function sameKey(a: SnapshotKey, b: SnapshotKey): boolean {
  return a.name === b.name && a.version === b.version && a.schemaVersion === b.schemaVersion
}

/** A copy whose bytes are its own. */
function copyOf(snapshot: Snapshot): Snapshot {
  return { ...snapshot, state: Uint8Array.from(snapshot.state) }
}

function entryOf({ state, ...header }: Snapshot): SnapshotEntry {
  const { name, version, schemaVersion } = header
  return { name, version, schemaVersion, bytes: state.byteLength, header }
}

class MemorySnapshots implements SnapshotStore {
  /** Of each stream, best first. */
  readonly #streams = new Map<StreamId, readonly Snapshot[]>()

  async save(snapshot: Snapshot): Promise<void> {
    checkSnapshot(snapshot)
    const others = this.#of(snapshot.streamId).filter((other) => !sameKey(other, snapshot))
    this.#set(snapshot.streamId, [...others, copyOf(snapshot)].toSorted(compareSnapshots))
  }

  async latest(streamId: StreamId, query: SnapshotQuery): Promise<Snapshot | undefined> {
    checkSnapshotQuery(streamId, query)
    const found = this.#of(streamId).find(
      (snapshot) => matchesSnapshotKey(snapshot, query) && matchesSnapshotTimes(snapshot, query),
    )
    return found && copyOf(found)
  }

  async list(
    streamId: StreamId,
    options: { readonly name?: string } = {},
  ): Promise<readonly SnapshotEntry[]> {
    checkSnapshotList(streamId, options)
    const { name } = options
    const all = this.#of(streamId)
    return all.filter((snapshot) => name === undefined || snapshot.name === name).map(entryOf)
  }

  async remove(streamId: StreamId, key: SnapshotKey): Promise<boolean> {
    checkSnapshotKey(streamId, key)
    const all = this.#of(streamId)
    const left = all.filter((snapshot) => !sameKey(snapshot, key))
    this.#set(streamId, left)
    return left.length < all.length
  }

  async prune(
    streamId: StreamId,
    options: { readonly name: string; readonly keep: number },
  ): Promise<number> {
    checkSnapshotPrune(streamId, options)
    const all = this.#of(streamId)
    const surplus = all.filter(({ name }) => name === options.name).slice(options.keep)
    this.#set(
      streamId,
      all.filter((snapshot) => !surplus.includes(snapshot)),
    )
    return surplus.length
  }

  async streams(options: SnapshotStreamsOptions = {}): Promise<readonly StreamId[]> {
    checkSnapshotStreams(options)
    const { category, after = '', limit = 100 } = options
    const ids = [...this.#streams.keys()]
      .filter((id) => id > after && (category === undefined || categoryOf(id) === category))
      .toSorted()
    return ids.slice(0, limit)
  }

  #of(streamId: StreamId): readonly Snapshot[] {
    return this.#streams.get(streamId) ?? []
  }

  #set(streamId: StreamId, snapshots: readonly Snapshot[]): void {
    if (snapshots.length === 0) this.#streams.delete(streamId)
    else this.#streams.set(streamId, snapshots)
  }
}

/** Opens an empty snapshot store in this process, gone with it. For tests, and where folding again after a start is fine. */
export function openMemorySnapshots(): SnapshotStore {
  return new MemorySnapshots()
}
