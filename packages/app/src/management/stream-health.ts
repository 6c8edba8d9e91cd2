import { parseStreamId } from '@millrace/contracts'
import type { StreamId } from '@millrace/contracts'

import type { SnapshotSource } from './operate-snapshots.ts'
import { snapshotView } from './snapshot-views.ts'
import type { SnapshotView, StreamHealthView } from './snapshot-views.ts'

/** Folding so many events is noticed by whoever waits for it. */
const manyEvents = 1000

type Advice = Pick<StreamHealthView, 'recommendation' | 'reason'>

async function bytesOf({ store }: SnapshotSource, streamId: StreamId): Promise<number> {
  let bytes = 0
  for await (const { payload } of store.read(streamId)) bytes += Buffer.byteLength(payload)
  return bytes
}

/** The newest of those this release's definitions can use. */
async function newestOf({ snapshots }: SnapshotSource, streamId: StreamId): Promise<SnapshotView | null> {
  const schemas = new Map(
    snapshots.kindsOf(streamId).map(({ definition }) => [definition.name, definition.schemaVersion]),
  )
  const entries = await snapshots.store.list(streamId)
  const usable = entries.find(
    ({ name, schemaVersion, header }) => header !== undefined && schemas.get(name) === schemaVersion,
  )
  return usable === undefined ? null : snapshotView(streamId, usable)
}

function thresholdOf({ snapshots }: SnapshotSource, streamId: StreamId): number {
  const thresholds = snapshots.kindsOf(streamId).map(({ threshold }) => threshold)
  return Math.min(...thresholds.filter((threshold) => threshold > 0), manyEvents)
}

async function advise(source: SnapshotSource, streamId: StreamId, since: number): Promise<Advice> {
  if (!(await source.store.exists(streamId))) {
    const left = (await source.snapshots.store.list(streamId)).length
    if (left === 0) return { recommendation: 'none', reason: null }
    return { recommendation: 'prune-snapshots', reason: `the stream is gone, ${left} snapshots are left` }
  }
  const isDefined = source.snapshots.kindsOf(streamId).length > 0
  if (!isDefined && since >= manyEvents)
    return { recommendation: 'define-snapshots', reason: `each load folds ${since} events` }
  // A snapshot that is being taken in the background is no reason to act.
  if (isDefined && since >= 2 * thresholdOf(source, streamId))
    return { recommendation: 'take-snapshot', reason: `${since} events came since the last snapshot` }
  return { recommendation: 'none', reason: null }
}

/** How a stream does; reads all of it, to tell its size. Undefined for a stream that never was. */
export async function readStreamHealth(
  source: SnapshotSource,
  id: string,
): Promise<StreamHealthView | undefined> {
  const streamId = parseStreamId(id)
  const info = await source.store.describe(streamId)
  if (info === undefined) return undefined
  const { version, createdAt, updatedAt, tombstonedAt } = info
  const isGone = tombstonedAt !== undefined
  const snapshot = isGone ? null : await newestOf(source, streamId)
  const events = isGone ? 0 : version
  const eventsSinceSnapshot = Math.max(0, events - (snapshot?.version ?? 0))
  return {
    id: streamId,
    events,
    version,
    bytes: isGone ? 0 : await bytesOf(source, streamId),
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
    tombstonedAt: tombstonedAt?.toISOString() ?? null,
    snapshot,
    eventsSinceSnapshot,
    ...(await advise(source, streamId, eventsSinceSnapshot)),
  }
}
