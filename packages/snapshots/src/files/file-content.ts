import { formatSnapshotHeader, InvalidSnapshotError, parseSnapshotHeader } from '@millrace/contracts'
import type { Snapshot, SnapshotKey, StreamId } from '@millrace/contracts'

const lineEnd = 0x0a

/** A snapshot as the parts of a file: the header in one line, then the bytes of the state. */
export function fileOf(snapshot: Snapshot): readonly Uint8Array[] {
  const header = formatSnapshotHeader(snapshot, snapshot.state.byteLength)
  return [Buffer.from(`${header}\n`), snapshot.state]
}

/** The snapshot in a file. @throws {@link InvalidSnapshotError} unless it is whole and lies where it belongs */
export function snapshotIn(content: Buffer, streamId: StreamId, key: SnapshotKey): Snapshot {
  const end = content.indexOf(lineEnd)
  const read = end < 0 ? undefined : parseSnapshotHeader(content.toString('utf8', 0, end))
  const refuse = (reason: string): InvalidSnapshotError =>
    new InvalidSnapshotError({ streamId, ...key }, { fault: 'corrupt', reason })
  if (read === undefined) throw refuse('its file has no header that this release can read')
  const { header, bytes } = read
  const { name, version, schemaVersion } = key
  if (header.streamId !== streamId || header.name !== name || header.version !== version)
    throw refuse('its file holds another snapshot')
  if (header.schemaVersion !== schemaVersion) throw refuse('its file holds another snapshot')
  const state = Uint8Array.from(content.subarray(end + 1))
  if (state.byteLength !== bytes) throw refuse(`its file holds ${state.byteLength} bytes of ${bytes}`)
  return { ...header, state }
}
