import { checkProcessorName } from '@millrace/contracts'

import { defaultSchema, parseSchemaName } from '../sql/schema-name.ts'
import type { SqlDatabase } from '../sql/sql-database.ts'
import { createLedger } from './ledger.ts'
import { logAction } from './operator-log.ts'

/** Which processors to forget. */
export interface ForgetOptions {
  /** The schema of the tables. @defaultValue `'millrace'` */
  readonly schema?: string
  readonly processors: readonly string[]
  /** Who asks, for the operator log: 1 to 200 characters. */
  readonly by: string
  /** Leaves alone what a process holds a lease of. @defaultValue false */
  readonly unlessRun?: boolean
}

// in:    names, whether those that somebody runs stay
// out:   those of them that are known and that nothing waits for
// locks: the processors' rows until commit, so that nobody registers one while it is forgotten
const lockForgotten = `
  select processor from :schema.processors q where processor = any($1)
    and not exists (select from :schema.deliveries d where d.processor = q.processor)
    and not exists (select from :schema.dead_letters d where d.processor = q.processor)
    and not exists (select from :schema.projection_builds b where b.processor = q.processor)
    and not ($2::boolean and exists (
      select from :schema.processor_partitions p where p.processor = q.processor and p.lease_until > clock_timestamp()))
  order by processor for update of q`

// Children before parents. Whoever still runs one finds its lease gone, and writes nothing any more.
const rowsOfProcessor = [
  'delete from :schema.parked_records where processor = any($1)',
  'delete from :schema.processor_partitions where processor = any($1)',
  'delete from :schema.processors where processor = any($1)',
] as const

/**
 * Forgets processors that are no more, with what they parked; who still runs one is fenced, unless it is to stay. One that
 * has deliveries under way or dead letters stays: somebody has to decide about these first. Safe to repeat.
 *
 * @returns those that were forgotten now
 */
export async function forgetProcessors(
  database: SqlDatabase,
  { schema = defaultSchema, processors, by, unlessRun = false }: ForgetOptions,
): Promise<readonly string[]> {
  for (const processor of processors) checkProcessorName('options.processors', processor)
  const ledger = createLedger(database, parseSchemaName(schema))
  return await database.transaction(async (tx) => {
    const rows = await tx.query<{ processor: string }>(ledger.sql(lockForgotten), [processors, unlessRun])
    const names = rows.map(({ processor }) => processor)
    if (names.length === 0) return names
    for (const statement of rowsOfProcessor) await tx.execute(ledger.sql(statement), [names])
    for (const subject of names) await logAction(ledger, tx, { subject, action: 'remove', by })
    return names
  })
}
