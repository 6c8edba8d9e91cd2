import { InvalidValueError } from '@millrace/contracts'
import { pruneProcessors } from '@millrace/postgres'
import type { SqlDatabase } from '@millrace/postgres'

/** Order of {@link Management.pruneProcessors}. */
export interface ProcessorPruneOrder {
  /** 1 to 3650. */
  readonly unusedForDays: number
  /** Only says which. @defaultValue false */
  readonly dryRun?: boolean
}

/** The processors that were forgotten, or would be. */
export interface ProcessorPruneView {
  readonly dryRun: boolean
  readonly removed: readonly {
    readonly name: string
    readonly partitions: number
    readonly lastUsedAt: string
  }[]
}

const maxDays = 3650

export async function pruneUnused(
  database: SqlDatabase,
  { unusedForDays, dryRun = false }: ProcessorPruneOrder,
): Promise<ProcessorPruneView> {
  if (!Number.isSafeInteger(unusedForDays) || unusedForDays < 1 || unusedForDays > maxDays)
    throw new InvalidValueError('unusedForDays', `a whole number from 1 to ${maxDays}`)
  const pruned = await pruneProcessors(database, { unusedForDays, dryRun })
  const removed = pruned.map(({ processor, partitions, lastUsedAt }) => ({
    name: processor,
    partitions,
    lastUsedAt: lastUsedAt.toISOString(),
  }))
  return { dryRun, removed }
}
