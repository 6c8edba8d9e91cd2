import { LogArchivedError } from '@millrace/contracts'
import type { Position, StreamId } from '@millrace/contracts'

import { inSchema } from '../sql/schema-name.ts'
import type { SchemaName } from '../sql/schema-name.ts'
import type { SqlDatabase } from '../sql/sql-database.ts'
import { hasSqlState, sqlState } from '../sql/sql-error.ts'

/**
 * A condition that fails a statement whose reader would miss archived events behind a place: parameters of its commit and its
 * index; without an index the whole commit was read.
 */
export const nothingArchived = (commit: string, index = '2147483646'): string =>
  `:schema.refuse_archived(${commit}::bigint, ${index}::int)`

/** The same error the condition raises, in our hierarchy. */
export async function explainArchived<T>(source: string, reading: Promise<T>): Promise<T> {
  try {
    return await reading
  } catch (error) {
    if (!hasSqlState(error, sqlState.logArchived)) throw error
    throw new LogArchivedError(source, { archivedBefore: boundaryIn(error) }, { cause: error })
  }
}

function boundaryIn(error: unknown): number {
  for (let at = error; at instanceof Error; at = at.cause)
    if (/^\d+$/.test(at.message)) return Number(at.message)
  return 0
}

const lastArchived = `select seq as commit, event_count - 1 as index from :schema.commits
where seq < :schema.archived_before() order by seq desc limit 1`

/** The last place that is in the archive only. */
export async function archivedEnd(
  database: SqlDatabase,
  schema: SchemaName,
  generation: string,
): Promise<Position | undefined> {
  const [row] = await database.query<{ commit: number; index: number }>(inSchema(lastArchived, schema))
  return row === undefined ? undefined : { generation, ...row }
}

/** Fails where the log does not hold all that lies behind a commit and an index in it. */
export async function checkNothingArchived(
  database: SqlDatabase,
  schema: SchemaName,
  { source, commit, index }: { readonly source: string; readonly commit: number; readonly index: number },
): Promise<void> {
  const text = inSchema(`select ${nothingArchived('$1', '$2')}`, schema)
  await explainArchived(source, database.query(text, [commit, index]))
}

/** Whether there is an event of a stream that was archived: $1 stream id, $2 its version. A tombstone took away all of them. */
const missing = `select :schema.archived_before() as before,
  (select min(version) from :schema.events where stream_id = $1) as first
from :schema.streams
where stream_id = $1 and tombstoned_at is null and version >= $2::bigint and :schema.archived_before() > 0
  and not exists (select from :schema.events where stream_id = $1 and version = $2::bigint)`

/**
 * What a reader of a stream is told whose version was archived; undefined where it is in the log, or nowhere.
 * To be asked behind the read that did not find it: what had left the log by then is known by now.
 */
export async function archivedVersion(
  database: SqlDatabase,
  schema: SchemaName,
  { streamId, version }: { readonly streamId: StreamId; readonly version: number },
): Promise<LogArchivedError | undefined> {
  const [row] = await database.query<{ before: number; first: number | null }>(inSchema(missing, schema), [
    streamId,
    version,
  ])
  if (row === undefined) return undefined
  const { before: archivedBefore, first } = row
  return new LogArchivedError(`stream ${streamId}`, { archivedBefore, firstVersion: first ?? undefined })
}
