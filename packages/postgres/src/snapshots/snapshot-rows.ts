import { EventVersion, InvalidSnapshotError, parseSnapshotHeader } from '@millrace/contracts'
import type { Snapshot, SnapshotEntry, SnapshotHeader, StreamId } from '@millrace/contracts'

/** What is read of a snapshot in a list. */
export interface EntryRow {
  readonly name: string
  readonly version: number
  readonly schema_version: number
  readonly header: string
  readonly bytes: number
}

/** A whole snapshot. */
export interface SnapshotRow extends Omit<EntryRow, 'bytes'> {
  readonly state: Uint8Array
}

/** The header, where it is whole and that of this row. */
function headerOf(streamId: StreamId, row: EntryRow): SnapshotHeader | undefined {
  const read = parseSnapshotHeader(row.header)
  if (read === undefined || read.bytes !== row.bytes) return undefined
  const { header } = read
  const isOwn =
    header.streamId === streamId &&
    header.name === row.name &&
    header.version === row.version &&
    header.schemaVersion === row.schema_version
  return isOwn ? header : undefined
}

/** A snapshot in a list. */
export function entryOf(streamId: StreamId, row: EntryRow): SnapshotEntry {
  const { name, version, schema_version: schemaVersion, bytes } = row
  const header = headerOf(streamId, row)
  return { name, version: EventVersion.parse(version), schemaVersion, bytes, header }
}

/** A whole snapshot. @throws {@link InvalidSnapshotError} where the row is not what was written */
export function snapshotOf(streamId: StreamId, row: SnapshotRow): Snapshot {
  const { state, name, version } = row
  const header = headerOf(streamId, { ...row, bytes: state.byteLength })
  if (header !== undefined) return { ...header, state: Uint8Array.from(state) }
  const reason = 'its header is not that of its row, or from a newer release'
  throw new InvalidSnapshotError({ streamId, name, version }, { fault: 'corrupt', reason })
}
