import { tombstoneType } from '@millrace/contracts'
import type {
  CopiedCommit,
  CopiedEvent,
  CopiedTombstone,
  CopiedWrite,
  EventStore,
  StoredEvent,
  StreamId,
} from '@millrace/contracts'

import type { Tally } from '../report/tally.ts'
import type { EventTransformer } from '../transform/event-transformer.ts'
import type { SourceCommit } from './source-commits.ts'

interface Part {
  readonly streamId: StreamId
  readonly events: CopiedEvent[]
  readonly closing: StoredEvent | undefined
}

/** The events of a commit brought to their current form, by stream, and counted. */
function partsOf({ events }: SourceCommit, transform: EventTransformer, tally: Tally): readonly Part[] {
  const parts = new Map<StreamId, Part>()
  for (const stored of events) {
    const transformed = transform(stored)
    tally.add(stored, transformed)
    if (transformed.kind === 'bad' || transformed.events.length === 0) continue
    const { streamId } = stored
    const part = parts.get(streamId)
    const closing = stored.type === tombstoneType ? stored : undefined
    if (part === undefined) parts.set(streamId, { streamId, events: [...transformed.events], closing })
    else part.events.push(...transformed.events)
  }
  return [...parts.values()]
}

async function tombstoneOf(closing: StoredEvent, source: EventStore): Promise<CopiedTombstone> {
  const info = await source.describe(closing.streamId)
  return { version: closing.version, createdAt: info?.createdAt ?? closing.recordedAt }
}

async function writeOf({ streamId, events, closing }: Part, source: EventStore): Promise<CopiedWrite> {
  if (closing === undefined) return { streamId, events }
  return { streamId, events, tombstone: await tombstoneOf(closing, source) }
}

/** What a copy gets of a commit; undefined where nothing is left of it. */
export async function copiedCommit(
  commit: SourceCommit,
  from: { readonly source: EventStore; readonly transform: EventTransformer; readonly tally: Tally },
): Promise<CopiedCommit | undefined> {
  const { source, transform, tally } = from
  const parts = partsOf(commit, transform, tally)
  const [first] = commit.events
  if (first === undefined || parts.length === 0) return undefined
  const writes: CopiedWrite[] = []
  for (const part of parts) writes.push(part.closing === undefined ? part : await writeOf(part, source))
  const { commitId, recordedAt, position } = first
  return { commitId, source: position, recordedAt, writes }
}
