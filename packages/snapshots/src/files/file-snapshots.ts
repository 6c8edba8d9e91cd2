import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'

import {
  categoryOf,
  checkSnapshot,
  checkSnapshotKey,
  checkSnapshotList,
  checkSnapshotPrune,
  checkSnapshotQuery,
  checkSnapshotStreams,
  compareSnapshots,
  InvalidSnapshotError,
  matchesSnapshotKey,
  matchesSnapshotTimes,
  parseStreamId,
  unescapeFilePath,
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

import { fileOf, snapshotIn } from './file-content.ts'
import { keyOfFile, snapshotFile, streamFolder } from './file-names.ts'
import { orNothing, sweepUnfinished, writeWhole } from './whole-file.ts'

/** A folder of a name that was split goes on below. */
const isPart = (folder: string): boolean => folder.endsWith('+')

async function* streamPaths(folder: string, parts: readonly string[]): AsyncGenerator<readonly string[]> {
  for (const name of (await orNothing(readdir(folder))) ?? []) {
    const path = [...parts, name]
    if (isPart(name)) yield* streamPaths(join(folder, name), path)
    else yield path
  }
}

/** The stream a path belongs to; undefined for a folder of somebody else. */
function streamAt(path: readonly string[]): StreamId | undefined {
  try {
    return parseStreamId(unescapeFilePath(path))
  } catch {
    return undefined
  }
}

/** Snapshots as files, one each. */
export class FileSnapshots implements SnapshotStore {
  readonly #root: string

  constructor(root: string) {
    this.#root = root
  }

  async save(snapshot: Snapshot): Promise<void> {
    checkSnapshot(snapshot)
    const folder = streamFolder(this.#root, snapshot.streamId)
    await writeWhole(snapshotFile(folder, snapshot), fileOf(snapshot))
  }

  async latest(streamId: StreamId, query: SnapshotQuery): Promise<Snapshot | undefined> {
    checkSnapshotQuery(streamId, query)
    for (const key of await this.#keys(streamId, query.name)) {
      if (!matchesSnapshotKey(key, query)) continue
      const snapshot = await this.#read(streamId, key)
      if (snapshot !== undefined && matchesSnapshotTimes(snapshot, query)) return snapshot
    }
    return undefined
  }

  async list(
    streamId: StreamId,
    options: { readonly name?: string } = {},
  ): Promise<readonly SnapshotEntry[]> {
    checkSnapshotList(streamId, options)
    const folder = streamFolder(this.#root, streamId)
    const { name } = options
    const names = name === undefined ? ((await orNothing(readdir(folder))) ?? []) : [name]
    const entries: SnapshotEntry[] = []
    for (const each of names)
      for (const key of await this.#keys(streamId, each)) entries.push(...(await this.#entry(streamId, key)))
    return entries.toSorted(compareSnapshots)
  }

  async remove(streamId: StreamId, key: SnapshotKey): Promise<boolean> {
    checkSnapshotKey(streamId, key)
    const file = snapshotFile(streamFolder(this.#root, streamId), key)
    const removed = await orNothing(rm(file).then(() => true))
    return removed ?? false
  }

  async prune(
    streamId: StreamId,
    options: { readonly name: string; readonly keep: number },
  ): Promise<number> {
    checkSnapshotPrune(streamId, options)
    const surplus = (await this.#keys(streamId, options.name)).slice(options.keep)
    let removed = 0
    for (const key of surplus) removed += (await this.remove(streamId, key)) ? 1 : 0
    await sweepUnfinished(join(streamFolder(this.#root, streamId), options.name))
    return removed
  }

  async streams(options: SnapshotStreamsOptions = {}): Promise<readonly StreamId[]> {
    checkSnapshotStreams(options)
    const { category, after = '', limit = 100 } = options
    const found: StreamId[] = []
    for await (const path of streamPaths(this.#root, [])) {
      const streamId = streamAt(path)
      if (streamId === undefined || !(streamId > after)) continue
      if (category !== undefined && categoryOf(streamId) !== category) continue
      if ((await this.list(streamId)).length > 0) found.push(streamId)
    }
    return found.toSorted().slice(0, limit)
  }

  /** Best first, by the names of the files alone. */
  async #keys(streamId: StreamId, name: string): Promise<readonly SnapshotKey[]> {
    const folder = join(streamFolder(this.#root, streamId), name)
    const files = (await orNothing(readdir(folder))) ?? []
    return files.flatMap((file) => keyOfFile(name, file) ?? []).toSorted(compareSnapshots)
  }

  /** Undefined where it was removed in between. */
  async #read(streamId: StreamId, key: SnapshotKey): Promise<Snapshot | undefined> {
    const content = await orNothing(readFile(snapshotFile(streamFolder(this.#root, streamId), key)))
    return content && snapshotIn(content, streamId, key)
  }

  async #entry(streamId: StreamId, key: SnapshotKey): Promise<readonly SnapshotEntry[]> {
    try {
      const snapshot = await this.#read(streamId, key)
      if (snapshot === undefined) return []
      const { state, ...header } = snapshot
      return [{ ...key, bytes: state.byteLength, header }]
    } catch (error) {
      if (!(error instanceof InvalidSnapshotError)) throw error
      return [{ ...key, bytes: 0, header: undefined }]
    }
  }
}
