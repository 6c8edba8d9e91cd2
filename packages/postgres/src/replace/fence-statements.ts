import { ConfigurationError } from '@millrace/contracts'

import { inSchema } from '../sql/schema-name.ts'
import type { SchemaName } from '../sql/schema-name.ts'
import type { SqlTransaction } from '../sql/sql-database.ts'
import { replacementOf } from './replacement-rows.ts'

/** How long to wait for appends that are under way, before everybody who wants to append waits too. */
const lockTimeout = `set local lock_timeout = '10s'`

/** Waits for the appends under way; every later one is refused by the row in log_replacement. */
const closeLog =
  'create or replace trigger commits_replaced before insert on :schema.commits for each statement execute function :schema.refuse_replaced()'
const openLog = 'drop trigger if exists commits_replaced on :schema.commits'

const clock = `floor(date_part('epoch', clock_timestamp()) * 1000)::bigint`

/** $1 schema of the copy, $2 and $3 the generations of this log and of its copy. */
const mark =
  'insert into :schema.log_replacement (by_schema, generation, by_generation) values ($1, $2, $3) on conflict do nothing'
/** Once: where the copy ended when it took the log's place is what a way back is judged by. */
const markReplaced = `update :schema.log_replacement set replaced_at = ${clock}, by_seq = $1::bigint where replaced_at is null`
const unmark = 'delete from :schema.log_replacement'
const completeCopy = `update :schema.log_copy set completed_at = ${clock} where completed_at is null`

/** Where one log ends, and what replaces it. */
export interface Mark {
  readonly by: SchemaName
  readonly generation: string
  readonly byGeneration: string
}

/** Stops all appends to a schema's log. Repeated, it changes nothing. @throws {@link ConfigurationError} where something else takes its place */
export async function closeLogOf(tx: SqlTransaction, schema: SchemaName, by: Mark): Promise<void> {
  await tx.execute(lockTimeout)
  await tx.execute(inSchema(closeLog, schema))
  await tx.execute(inSchema(mark, schema), [by.by, by.generation, by.byGeneration])
  const row = await replacementOf(tx, schema)
  if (row?.bySchema !== by.by)
    throw new ConfigurationError(
      'to',
      `${row?.bySchema ?? 'another'} is taking the place of ${schema}, or has; undo that first`,
    )
}

/** Lets appends go on. */
export async function openLogOf(tx: SqlTransaction, schema: SchemaName): Promise<void> {
  await tx.execute(lockTimeout)
  await tx.execute(inSchema(openLog, schema))
  await tx.execute(inSchema(unmark, schema))
}

/** From now on the closed log is another's; `end` is the last commit of that. */
export async function markReplacedIn(tx: SqlTransaction, schema: SchemaName, end: number): Promise<void> {
  await tx.execute(inSchema(markReplaced, schema), [end])
}

/** The copy in this schema is a log like any other from now on. */
export async function completeCopyIn(tx: SqlTransaction, schema: SchemaName): Promise<void> {
  await tx.execute(inSchema(completeCopy, schema))
}

/** The last commit of a log that is closed, or that nobody else writes to. */
export async function lastCommitOf(
  session: Pick<SqlTransaction, 'query'>,
  schema: SchemaName,
): Promise<{ readonly seq: number; readonly events: number } | undefined> {
  const [row] = await session.query<{ seq: number; events: number }>(
    inSchema('select seq, event_count as events from :schema.commits order by seq desc limit 1', schema),
  )
  return row
}
