import { checkWhole, InvalidValueError, parseStreamId } from '@millrace/contracts'
import type { EventStore, StreamId } from '@millrace/contracts'

import type { AppSnapshots, SnapshotKind } from '../snapshots/app-snapshots.ts'
import { checkCategories, checkLimit } from './arguments.ts'
import { snapshotView, verdictView } from './snapshot-views.ts'
import type { SnapshotVerdictView, SnapshotView, TakenSnapshotView } from './snapshot-views.ts'

/** Where snapshots are operated from. */
export interface SnapshotSource {
  readonly store: EventStore
  readonly snapshots: AppSnapshots
}

/** Narrowing of `Management.snapshotStreams`. */
export interface SnapshotStreamQuery {
  readonly category?: string
  /** Only ids after this one. */
  readonly after?: string
  /** 1 to 1000. @defaultValue 100 */
  readonly limit?: number
}

/** A page of streams that have snapshots. */
export interface SnapshotStreamsPage {
  readonly streams: readonly string[]
  /** What the next page comes after; null on the last page. */
  readonly next: string | null
}

/** Streams that have snapshots, by id. */
export async function listSnapshotStreams(
  { snapshots }: SnapshotSource,
  { category, after, limit }: SnapshotStreamQuery,
): Promise<SnapshotStreamsPage> {
  checkCategories(category === undefined ? undefined : [category])
  const size = checkLimit(limit)
  const streams = await snapshots.store.streams({
    limit: size,
    ...(category === undefined ? {} : { category }),
    ...(after === undefined ? {} : { after }),
  })
  return { streams, next: streams.length < size ? null : (streams.at(-1) ?? null) }
}

async function isKnown({ store, snapshots }: SnapshotSource, streamId: StreamId): Promise<boolean> {
  if ((await store.describe(streamId)) !== undefined) return true
  return (await snapshots.store.list(streamId)).length > 0
}

/** Those of a stream, best first; undefined for a stream that never was. */
export async function listSnapshots(
  source: SnapshotSource,
  id: string,
): Promise<readonly SnapshotView[] | undefined> {
  const streamId = parseStreamId(id)
  if (!(await isKnown(source, streamId))) return undefined
  return (await source.snapshots.store.list(streamId)).map((entry) => snapshotView(streamId, entry))
}

function kindsOf({ snapshots }: SnapshotSource, streamId: StreamId): readonly SnapshotKind[] {
  const kinds = snapshots.kindsOf(streamId)
  if (kinds.length > 0) return kinds
  const categories = snapshots.kinds.map(({ definition }) => definition.category)
  const known = categories.length === 0 ? 'the app defines no snapshots' : `those of ${categories.join(', ')}`
  throw new InvalidValueError('streamId', `a stream whose states the app saves: ${known}`)
}

/** Saves the state of a stream as it is now; undefined where there is no such stream. */
export async function takeSnapshots(
  source: SnapshotSource,
  id: string,
): Promise<readonly TakenSnapshotView[] | undefined> {
  const streamId = parseStreamId(id)
  const kinds = kindsOf(source, streamId)
  if (!(await source.store.exists(streamId))) return undefined
  const taken: TakenSnapshotView[] = []
  for (const { definition, reader } of kinds) {
    const outcome = await reader.takeSnapshot(streamId)
    const { kind } = outcome
    const version = kind === 'saved' ? outcome.snapshot.version : null
    const reason = kind === 'saved' ? null : `${outcome.reason}: ${outcome.problem}`
    taken.push({ streamId, name: definition.name, kind, version, reason })
  }
  return taken
}

/** Removes all but the newest of each name, of a stream that is gone all. How many; undefined for a stream that never was. */
export async function pruneSnapshots(
  source: SnapshotSource,
  id: string,
  keep: number,
): Promise<{ readonly streamId: string; readonly removed: number } | undefined> {
  const streamId = parseStreamId(id)
  checkWhole('keep', keep, { min: 0, max: 10_000 })
  if (!(await isKnown(source, streamId))) return undefined
  const { store } = source.snapshots
  const kept = (await source.store.exists(streamId)) ? keep : 0
  const names = new Set((await store.list(streamId)).map(({ name }) => name))
  let removed = 0
  for (const name of names) removed += await store.prune(streamId, { name, keep: kept })
  return { streamId, removed }
}

/** Reads each snapshot of a stream and compares it with the fold of its events; undefined for a stream that never was. */
export async function verifySnapshots(
  source: SnapshotSource,
  id: string,
): Promise<readonly SnapshotVerdictView[] | undefined> {
  const streamId = parseStreamId(id)
  const kinds = kindsOf(source, streamId)
  if (!(await isKnown(source, streamId))) return undefined
  const verdicts: SnapshotVerdictView[] = []
  for (const { snapshots, plain } of kinds) {
    const fold = async (version: number): Promise<unknown> =>
      (await plain.load(streamId, { toVersion: version })).state
    verdicts.push(...(await snapshots.verify(streamId, { fold })).map(verdictView))
  }
  return verdicts
}
