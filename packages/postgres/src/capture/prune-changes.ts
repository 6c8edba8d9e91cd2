import { checkWhole, failpoint } from '@millrace/contracts'

import { prepareSchema } from '../migrations/migrate.ts'
import { defaultSchema, inSchema, parseSchemaName } from '../sql/schema-name.ts'
import type { SchemaName } from '../sql/schema-name.ts'
import type { SqlDatabase } from '../sql/sql-database.ts'
import type { CaptureOptions } from './captures.ts'

/** Settings of {@link pruneChanges}. */
export interface PruneChangesOptions extends CaptureOptions {
  /** Milliseconds a change is kept at least, from 0 up. */
  readonly olderThanMs: number
  /** Only says how many. @defaultValue false */
  readonly dryRun?: boolean
}

/** What {@link pruneChanges} took out of the log. */
export interface PrunedChanges {
  readonly changes: number
  /** The processor whose checkpoint or open delivery keeps older changes; undefined where age alone decided. */
  readonly heldBy: string | undefined
}

// out: the last commit that is old enough: nothing up to it is younger
const oldEnough = `
  select coalesce(
    (select seq - 1 from :schema.changes where recorded_at > (date_part('epoch', clock_timestamp()) * 1000)::bigint - $1::bigint order by seq, row_index limit 1),
    (select max(seq) from :schema.changes), 0) as seq`

// out: the processor of this log that is furthest behind, and the last commit it needs no more
const slowest = `
  with parts as (
    select p.processor, least(p.checkpoint_commit,
      (select min(d.position_commit) - 1 from :schema.deliveries d
       where d.processor = p.processor and d.partition = p.partition and d.generation = p.generation)) as seq
    from :schema.processor_partitions p join :schema.processors q using (processor), :schema.change_log l
    where q.log = $1 and p.generation = l.generation)
  select processor, seq from parts order by seq, processor limit 1`

const batch = `
  with gone as (
    delete from :schema.changes where (seq, row_index) in (
      select seq, row_index from :schema.changes where seq <= $1::bigint order by seq, row_index limit 10000) returning seq),
  noted as (
    update :schema.change_log set pruned_seq = greatest(pruned_seq, (select max(seq) from gone)) where exists (select from gone))
  select count(*) as changes from gone`

const countUpTo = 'select count(*) as changes from :schema.changes where seq <= $1::bigint'

async function deleteUpTo(database: SqlDatabase, schema: SchemaName, seq: number): Promise<number> {
  for (let total = 0; ;) {
    const changes = await database.transaction(async (tx) => {
      const [row] = await tx.query<{ changes: number }>(inSchema(batch, schema), [seq])
      await failpoint('prune:before-commit')
      return row?.changes ?? 0
    })
    await failpoint('prune:after-commit')
    if (changes === 0) return total
    total += changes
  }
}

/**
 * Takes old changes out of the log, in small transactions. Never one that a registered processor of the log has still to
 * handle, or that an open delivery refers to. A processor that is no more holds the log for ever: see `pruneProcessors`.
 */
export async function pruneChanges(
  database: SqlDatabase,
  options: PruneChangesOptions,
): Promise<PrunedChanges> {
  checkWhole('options.olderThanMs', options.olderThanMs, { min: 0 })
  const schema = parseSchemaName(options.schema ?? defaultSchema)
  await prepareSchema(database, schema, options.migrate)
  const [byAge] = await database.query<{ seq: number }>(inSchema(oldEnough, schema), [options.olderThanMs])
  const [behind] = await database.query<{ processor: string; seq: number }>(inSchema(slowest, schema), [
    `${schema}.changes`,
  ])
  const limit = byAge?.seq ?? 0
  const held = behind !== undefined && behind.seq < limit ? behind : undefined
  const upTo = held?.seq ?? limit
  if (options.dryRun === true) {
    const [row] = await database.query<{ changes: number }>(inSchema(countUpTo, schema), [upTo])
    return { changes: row?.changes ?? 0, heldBy: held?.processor }
  }
  const changes = await deleteUpTo(database, schema, upTo)
  // The embedded engine has nobody else who does it.
  if (changes > 0 && !database.shared) await database.script(inSchema('vacuum :schema.changes', schema))
  return { changes, heldBy: held?.processor }
}
