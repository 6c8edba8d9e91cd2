import { checkWhole } from '@millrace/contracts'

import { defaultSchema, inSchema, parseSchemaName } from '../sql/schema-name.ts'
import type { SqlDatabase } from '../sql/sql-database.ts'

/** Which processors to forget. */
export interface PruneOptions {
  /** The schema of the tables. @defaultValue `'millrace'` */
  readonly schema?: string
  /** Days in which nobody held a lease of it and no checkpoint of it moved: 1 to 3650. */
  readonly unusedForDays: number
  /** Only says which. @defaultValue false */
  readonly dryRun?: boolean
}

/** A processor that was forgotten, or would be. */
export interface PrunedProcessor {
  readonly processor: string
  readonly partitions: number
  /** When a lease of it ended last, or a checkpoint moved. */
  readonly lastUsedAt: Date
}

// in:    days
// out:   processors nobody has used in that time and nothing depends on: no delivery, dead letter or parked record, none in
//        the history either (a processor that came back would send them again), and no build of a projection
// locks: the processors' rows until commit, so that nobody registers one while it is forgotten
const stale = `
  select processor, partitions, last_used_at from :schema.processors q,
    lateral (select max(greatest(updated_at, lease_until)) as last_used_at
             from :schema.processor_partitions p where p.processor = q.processor) used
  where coalesce(last_used_at, registered_at) < now() - $1 * interval '1 day'
    and not exists (select from :schema.deliveries d where d.processor = q.processor)
    and not exists (select from :schema.delivery_history d where d.processor = q.processor)
    and not exists (select from :schema.dead_letters d where d.processor = q.processor)
    and not exists (select from :schema.parked_records r where r.processor = q.processor)
    and not exists (select from :schema.projection_builds b where b.processor = q.processor)
  order by processor`

interface StaleRow {
  readonly processor: string
  readonly partitions: number
  readonly last_used_at: Date | null
}

/**
 * Forgets the checkpoints of processors that are no more: renamed ones, trials, old versions. One that comes back under its
 * name begins anew, where its definition says.
 */
export async function pruneProcessors(
  database: SqlDatabase,
  { schema: name = defaultSchema, unusedForDays, dryRun = false }: PruneOptions,
): Promise<readonly PrunedProcessor[]> {
  checkWhole('options.unusedForDays', unusedForDays, { min: 1, max: 3650 })
  const schema = parseSchemaName(name)
  return await database.transaction(async (tx) => {
    const rows = await tx.query<StaleRow>(inSchema(`${stale} for update of q`, schema), [unusedForDays])
    const processors = rows.map(({ processor }) => processor)
    if (!dryRun && processors.length > 0)
      for (const table of ['processor_partitions', 'processors'])
        await tx.execute(inSchema(`delete from :schema.${table} where processor = any($1)`, schema), [
          processors,
        ])
    return rows.map(({ processor, partitions, last_used_at: at }) => ({
      processor,
      partitions,
      lastUsedAt: at ?? new Date(0),
    }))
  })
}
