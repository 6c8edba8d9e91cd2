import type { FedCommit, StreamId } from '@millrace/contracts'

import { placeColumns, RowPlaces, storedColumns, storedRowOf } from '../read/stored-row.ts'
import { inSchema } from '../sql/schema-name.ts'
import type { SqlTransaction } from '../sql/sql-database.ts'
import type { AppendParts } from './appender.ts'

const readEvents = `select ${storedColumns}, ${placeColumns} from :schema.events where commit_seq = $1 order by commit_index`

const readBefore = `
  select stream_id, e.commit_seq from unnest($1::text[], $2::bigint[]) as first (stream_id, version)
  join :schema.events e using (stream_id) where e.version = first.version - 1`

interface EventRow {
  readonly head: string
  readonly payload: string | null
  readonly metadata: string | null
  readonly rest: string | null
  readonly stream_id: string
  readonly version: number
}

/** What a commit has recorded, read back in its own transaction. */
export async function readFedCommit(
  tx: SqlTransaction,
  { schema, generation }: Pick<AppendParts, 'schema' | 'generation'>,
  seq: number,
): Promise<FedCommit> {
  const places = new RowPlaces(generation)
  const rows = await tx.query<EventRow>(inSchema(readEvents, schema), [seq])
  const events = rows.map(({ head, payload, metadata, rest, stream_id: streamId, version }) =>
    storedRowOf([head, payload, metadata, rest, streamId, String(version)], places),
  )
  const first = new Map<StreamId, number>()
  for (const { streamId, version } of events) if (!first.has(streamId)) first.set(streamId, version)
  const known = [...first].filter(([, version]) => version > 1)
  if (known.length === 0) return { events, before: new Map() }
  const before = await tx.query<{ stream_id: StreamId; commit_seq: number }>(inSchema(readBefore, schema), [
    known.map(([streamId]) => streamId),
    known.map(([, version]) => version),
  ])
  return { events, before: new Map(before.map((row) => [row.stream_id, row.commit_seq])) }
}
