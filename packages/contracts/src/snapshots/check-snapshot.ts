import { InvalidValueError } from '../errors/value-errors.ts'
import { isCategory, parseStreamId } from '../ids/stream-id.ts'
import type { StreamId } from '../ids/stream-id.ts'
import { checkWhole } from '../values/check-whole.ts'
import type { SnapshotQuery, SnapshotStreamsOptions } from './snapshot-store.ts'
import type { Snapshot, SnapshotKey } from './snapshot.ts'

const schemaVersions = { min: 1, max: 2_147_483_647 } as const

/** @throws {@link InvalidValueError} */
export function checkSnapshotName(field: string, name: string): void {
  if (!/^[a-z][a-z0-9_-]{0,62}$/.test(name))
    throw new InvalidValueError(field, 'a name: [a-z][a-z0-9_-]*, at most 63 characters')
}

/** @throws {@link InvalidValueError} */
export function checkSnapshotKey(streamId: StreamId, key: SnapshotKey): void {
  parseStreamId(streamId)
  checkSnapshotName('snapshot.name', key.name)
  checkWhole('snapshot.version', key.version, { min: 1 })
  checkWhole('snapshot.schemaVersion', key.schemaVersion, schemaVersions)
}

function checkTime(field: string, time: Date | undefined): void {
  if (time !== undefined && Number.isNaN(time.getTime())) throw new InvalidValueError(field, 'a valid Date')
}

/** What every store refuses to save. @throws {@link InvalidValueError} */
export function checkSnapshot(snapshot: Snapshot): void {
  checkSnapshotKey(snapshot.streamId, snapshot)
  for (const field of ['occurredAt', 'recordedAt', 'takenAt'] as const)
    checkTime(`snapshot.${field}`, snapshot[field])
  if (!/^[0-9a-f]{16,128}$/.test(snapshot.checksum.value))
    throw new InvalidValueError('snapshot.checksum.value', 'lower-case hexadecimal digits')
}

/** @throws {@link InvalidValueError} */
export function checkSnapshotQuery(streamId: StreamId, query: SnapshotQuery): void {
  parseStreamId(streamId)
  checkSnapshotName('query.name', query.name)
  if (query.schemaVersion !== undefined)
    checkWhole('query.schemaVersion', query.schemaVersion, schemaVersions)
  if (query.atOrBelow !== undefined) checkWhole('query.atOrBelow', query.atOrBelow, { min: 0 })
  checkTime('query.occurredUntil', query.occurredUntil)
  checkTime('query.recordedUntil', query.recordedUntil)
}

/** @throws {@link InvalidValueError} */
export function checkSnapshotList(streamId: StreamId, options: { readonly name?: string }): void {
  parseStreamId(streamId)
  if (options.name !== undefined) checkSnapshotName('options.name', options.name)
}

/** @throws {@link InvalidValueError} */
export function checkSnapshotPrune(
  streamId: StreamId,
  options: { readonly name: string; readonly keep: number },
): void {
  parseStreamId(streamId)
  checkSnapshotName('options.name', options.name)
  checkWhole('options.keep', options.keep, { min: 0 })
}

/** @throws {@link InvalidValueError} */
export function checkSnapshotStreams({ category, limit = 100 }: SnapshotStreamsOptions): void {
  checkWhole('options.limit', limit, { min: 1, max: 1000 })
  if (category !== undefined && !isCategory(category))
    throw new InvalidValueError(
      'options.category',
      'a lower-case category ([a-z][a-z0-9_]*, at most 63 bytes)',
    )
}
