import { EventVersion } from '@millrace/contracts'
import type { Snapshot, SnapshotKey, SnapshotStore, StreamId } from '@millrace/contracts'

import type { ContractCase } from '../suite/contract-case.ts'
import { freshCommitId } from '../suite/fixtures.ts'
import type { SnapshotStoreUnderTest } from './declaration.ts'

/** One promise of {@link SnapshotStore}. */
export type SnapshotStoreCase = ContractCase<SnapshotStoreUnderTest>

/** The time at which the event of a version occurred; it was recorded a second later. */
export function timeOf(version: number): Date {
  return new Date(Date.UTC(2025, 0, 1) + version * 60_000)
}

/** A snapshot of a stream; its state is a text that names its version. */
export function snapshotOf(streamId: StreamId, version: number, change: Partial<Snapshot> = {}): Snapshot {
  return {
    streamId,
    name: 'state',
    version: EventVersion.parse(version),
    schemaVersion: 1,
    eventVersions: { 'fact-recorded': 1 },
    position: { generation: 'g1', commit: version, index: 0 },
    commitId: freshCommitId(),
    occurredAt: timeOf(version),
    recordedAt: new Date(timeOf(version).getTime() + 1000),
    takenAt: new Date(timeOf(version).getTime() + 2000),
    contentType: 'application/json',
    compression: 'none',
    checksum: { algorithm: 'sha256', value: 'a'.repeat(64) },
    contentChecksum: 'b'.repeat(64),
    encryption: [],
    state: Buffer.from(`state of version ${version}`),
    ...change,
  }
}

/** Saves snapshots of a stream at some versions. */
export async function saveAt(
  store: SnapshotStore,
  streamId: StreamId,
  versions: readonly number[],
): Promise<void> {
  for (const version of versions) await store.save(snapshotOf(streamId, version))
}

/** The key of a version's snapshot. */
export function keyOf(version: number, change: Partial<SnapshotKey> = {}): SnapshotKey {
  return { name: 'state', version: EventVersion.parse(version), schemaVersion: 1, ...change }
}

/** The versions of which there are snapshots, best first. */
export async function versionsOf(store: SnapshotStore, streamId: StreamId): Promise<number[]> {
  return (await store.list(streamId)).map(({ version }) => version)
}

/** The bytes as one kind of array: an adapter may give a Buffer. */
export function plain(snapshot: Snapshot | undefined): unknown {
  return snapshot && { ...snapshot, state: Buffer.from(snapshot.state).toString('base64') }
}
