import type { SnapshotQuery } from './snapshot-store.ts'
import type { SnapshotHeader, SnapshotKey } from './snapshot.ts'

/** Best first: the higher version, then the higher schema version. */
export function compareSnapshots(a: SnapshotKey, b: SnapshotKey): number {
  return b.version - a.version || b.schemaVersion - a.schemaVersion
}

/** Whether a snapshot's key is one that is asked for; its times are another matter. */
export function matchesSnapshotKey(key: SnapshotKey, query: SnapshotQuery): boolean {
  const { name, schemaVersion = key.schemaVersion, atOrBelow = key.version } = query
  return key.name === name && key.schemaVersion === schemaVersion && key.version <= atOrBelow
}

/** Whether a snapshot holds nothing later than is asked for. */
export function matchesSnapshotTimes(
  { occurredAt, recordedAt }: Pick<SnapshotHeader, 'occurredAt' | 'recordedAt'>,
  { occurredUntil = occurredAt, recordedUntil = recordedAt }: SnapshotQuery,
): boolean {
  return occurredAt.getTime() <= occurredUntil.getTime() && recordedAt.getTime() <= recordedUntil.getTime()
}
