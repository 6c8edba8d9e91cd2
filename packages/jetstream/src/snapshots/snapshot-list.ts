import { compareSnapshots, formatSnapshotHeader, parseSnapshotHeader } from '@millrace/contracts'
import type { Snapshot, SnapshotHeader, SnapshotKey } from '@millrace/contracts'

import type { RecordFormat } from '../processor-store/records.ts'

/** A snapshot in the list of its stream, and where its state lies. */
export interface ListedSnapshot {
  readonly header: SnapshotHeader
  readonly bytes: number
  /** Of the state: each save writes under a new one, so that nobody reads half of the old and half of the new. */
  readonly id: string
  /** How many parts it has. */
  readonly parts: number
}

/** What a stream's key holds: its snapshots, best first. */
export type SnapshotList = readonly ListedSnapshot[]

const version = 1
/** Of a list: it has to fit into one message, and 1 MB is the usual most of a server. */
const mostBytes = 786_432

interface StoredItem {
  readonly header: string
  readonly id: string
  readonly parts: number
}

function storedOf({ header, bytes, id, parts }: ListedSnapshot): StoredItem {
  return { header: formatSnapshotHeader(header, bytes), id, parts }
}

function listedIn(item: unknown): ListedSnapshot | undefined {
  if (typeof item !== 'object' || item === null) return undefined
  const { header: text, id, parts } = item as Partial<StoredItem>
  if (typeof text !== 'string' || typeof id !== 'string' || !/^[0-9A-Z]{26}$/.test(id)) return undefined
  if (!Number.isSafeInteger(parts) || Number(parts) < 1) return undefined
  const read = parseSnapshotHeader(text)
  return read && { ...read, id, parts: Number(parts) }
}

function parse(text: string): SnapshotList | undefined {
  try {
    const { version: found, snapshots } = JSON.parse(text) as { version?: unknown; snapshots?: unknown }
    if (found !== version || !Array.isArray(snapshots)) return undefined
    const listed = snapshots.map(listedIn)
    return listed.every((item) => item !== undefined) ? listed : undefined
  } catch {
    return undefined
  }
}

/** Of the keys `snapshots.<stream>`. */
export const snapshotListFormat: RecordFormat<SnapshotList> = {
  format: (list) => JSON.stringify({ version, snapshots: list.map(storedOf) }),
  parse,
}

/** Whether two keys are the same. */
export function isSameSnapshot(a: SnapshotKey, b: SnapshotKey): boolean {
  return a.name === b.name && a.version === b.version && a.schemaVersion === b.schemaVersion
}

/** The list with a snapshot in it, in the place of the one it replaces. */
export function listedWith(
  list: SnapshotList,
  { state, ...header }: Snapshot,
  stored: Pick<ListedSnapshot, 'id' | 'parts'>,
): SnapshotList {
  const others = list.filter((listed) => !isSameSnapshot(listed.header, header))
  const added = { header, bytes: state.byteLength, ...stored }
  return fitting([...others, added].toSorted((a, b) => compareSnapshots(a.header, b.header)))
}

/** The best of a list that fit into one message: the oldest go, as they would by a retention. */
function fitting(list: SnapshotList): SnapshotList {
  let bytes = 0
  const fits = list.findIndex((listed) => {
    bytes += Buffer.byteLength(JSON.stringify(storedOf(listed))) + 1
    return bytes > mostBytes
  })
  return fits < 0 ? list : list.slice(0, fits)
}
