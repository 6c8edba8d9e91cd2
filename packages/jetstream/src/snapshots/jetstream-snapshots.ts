import {
  categoryOf,
  checkSnapshot,
  checkSnapshotKey,
  checkSnapshotList,
  checkSnapshotPrune,
  checkSnapshotQuery,
  checkSnapshotStreams,
  createIdFactory,
  InvalidSnapshotError,
  Lanes,
  matchesSnapshotKey,
  matchesSnapshotTimes,
} from '@millrace/contracts'
import type {
  IdFactory,
  Snapshot,
  SnapshotEntry,
  SnapshotKey,
  SnapshotQuery,
  SnapshotStore,
  SnapshotStreamsOptions,
  StreamId,
} from '@millrace/contracts'

import type { Bucket } from '../processor-store/bucket.ts'
import { StoredKey } from '../processor-store/stored-key.ts'
import { SnapshotKeys } from './snapshot-keys.ts'
import { isSameSnapshot, listedWith, snapshotListFormat } from './snapshot-list.ts'
import type { ListedSnapshot, SnapshotList } from './snapshot-list.ts'
import { StateParts } from './state-parts.ts'

/** How often a state is looked for that others keep replacing. */
const maxLooks = 5

/**
 * Snapshots in a KV bucket: a list for each stream, changed by compare-and-set, and states beside it that are written
 * before they are listed and deleted after they are not.
 */
export class JetStreamSnapshots implements SnapshotStore, AsyncDisposable {
  readonly #bucket: Bucket
  readonly #keys: SnapshotKeys
  readonly #parts: StateParts
  readonly #mint: IdFactory = createIdFactory()
  /** Changes of one stream's list wait for each other in this process. */
  readonly #lanes = new Lanes()

  constructor(bucket: Bucket, name: string) {
    this.#bucket = bucket
    this.#keys = new SnapshotKeys(name)
    this.#parts = new StateParts(bucket, this.#keys)
  }

  async save(snapshot: Snapshot): Promise<void> {
    checkSnapshot(snapshot)
    const { streamId } = snapshot
    // A copy: what the caller does with the bytes while they are written is not for the snapshot.
    const kept = { ...snapshot, state: Uint8Array.from(snapshot.state) }
    const id = this.#mint()
    const parts = await this.#parts.write(streamId, id, kept.state)
    await this.#change(streamId, (list) => listedWith(list, kept, { id, parts }))
  }

  async latest(streamId: StreamId, query: SnapshotQuery): Promise<Snapshot | undefined> {
    checkSnapshotQuery(streamId, query)
    for (let look = 1; ; look++) {
      const listed = (await this.#list(streamId)).find(
        ({ header }) => matchesSnapshotKey(header, query) && matchesSnapshotTimes(header, query),
      )
      if (listed === undefined) return undefined
      const state = await this.#parts.read(streamId, listed)
      if (state !== undefined) return { ...listed.header, state }
      // Perhaps it was replaced or removed since the list was read.
      if (look === maxLooks || (await this.#isListed(streamId, listed))) throw damaged(listed)
    }
  }

  async list(
    streamId: StreamId,
    options: { readonly name?: string } = {},
  ): Promise<readonly SnapshotEntry[]> {
    checkSnapshotList(streamId, options)
    const list = await this.#list(streamId)
    return list
      .filter(({ header }) => options.name === undefined || header.name === options.name)
      .map(({ header, bytes }) => {
        const { name, version, schemaVersion } = header
        return { name, version, schemaVersion, bytes, header }
      })
  }

  async remove(streamId: StreamId, key: SnapshotKey): Promise<boolean> {
    checkSnapshotKey(streamId, key)
    return (
      (await this.#drop(streamId, (list) => list.filter(({ header }) => isSameSnapshot(header, key)))) > 0
    )
  }

  async prune(
    streamId: StreamId,
    options: { readonly name: string; readonly keep: number },
  ): Promise<number> {
    checkSnapshotPrune(streamId, options)
    const { name, keep } = options
    const removed = await this.#drop(streamId, (list) =>
      list.filter(({ header }) => header.name === name).slice(keep),
    )
    await this.#parts.sweep(streamId, await this.#list(streamId), Date.now())
    return removed
  }

  async streams(options: SnapshotStreamsOptions = {}): Promise<readonly StreamId[]> {
    checkSnapshotStreams(options)
    const { category, after = '', limit = 100 } = options
    const ids = (await this.#parts.subjects(this.#keys.lists)).map((list) => this.#keys.streamOf(list))
    const wanted = ids.filter((id) => id > after && (category === undefined || categoryOf(id) === category))
    const found: StreamId[] = []
    for (const id of wanted.toSorted()) {
      if (found.length === limit) break
      if ((await this.#list(id)).length > 0) found.push(id)
    }
    return found
  }

  /** Closes the connection, unless it was given. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#bucket.link[Symbol.asyncDispose]()
  }

  async #isListed(streamId: StreamId, { id }: ListedSnapshot): Promise<boolean> {
    return (await this.#list(streamId)).some((listed) => listed.id === id)
  }

  async #list(streamId: StreamId): Promise<SnapshotList> {
    return (await this.#key(streamId).read()).value ?? []
  }

  /** Takes snapshots off the list, then deletes their states. How many. */
  async #drop(streamId: StreamId, surplusOf: (list: SnapshotList) => SnapshotList): Promise<number> {
    return await this.#change(streamId, (list) => {
      const surplus = surplusOf(list)
      return list.filter((listed) => !surplus.includes(listed))
    })
  }

  /** How many states were taken off the list; they are deleted. */
  async #change(streamId: StreamId, next: (list: SnapshotList) => SnapshotList): Promise<number> {
    const gone = await this.#lanes.run(streamId, () =>
      this.#key(streamId).update<readonly string[]>(({ value = [] }) => {
        const list = next(value)
        const ids = new Set(list.map(({ id }) => id))
        const result = value.flatMap(({ id }) => (ids.has(id) ? [] : [id]))
        const isSame = result.length === 0 && list.length === value.length
        return isSame ? { kind: 'keep', result } : { kind: 'write', value: list, result }
      }),
    )
    await this.#parts.delete(streamId, gone)
    return gone.length
  }

  #key(streamId: StreamId): StoredKey<SnapshotList> {
    const subject = this.#keys.list(streamId)
    return new StoredKey({ bucket: this.#bucket, subject, format: snapshotListFormat })
  }
}

function damaged({ header }: ListedSnapshot): InvalidSnapshotError {
  return new InvalidSnapshotError(header, { fault: 'corrupt', reason: 'parts of its state are missing' })
}
