import { ConfigurationError } from '@millrace/contracts'
import type { Position, ProjectionBuild } from '@millrace/contracts'

import { logAction } from '../processor-store/operator-log.ts'
import type { SqlTransaction } from '../sql/sql-database.ts'
import { liveOf, lockBuilds, nextOf, setState } from './build-rows.ts'
import type { ModelLedger } from './model-ledger.ts'
import { dropTables, dropViews, emptyTables } from './model-tables.ts'

// in:    processor, generation, commit, index
// locks: the processor's partitions: an owner under way has ended its transaction before, and is fenced after
const startOver = `
  update :schema.processor_partitions
  set epoch = epoch + 1, owner = null, lease_until = null, generation = $2, checkpoint_commit = $3,
      checkpoint_index = $4, handled_commit = $3, records_handled = 0, last_error = null, updated_at = now()
  where processor = $1`

// Children before parents.
const rowsOfProcessor = [
  'delete from :schema.inline_commits where processor = $1',
  'delete from :schema.inline_holds where processor = $1',
  'delete from :schema.parked_records where processor = $1',
  'delete from :schema.processor_partitions where processor = $1',
  'delete from :schema.processors where processor = $1',
] as const

const deleteBuild = `delete from :schema.projection_builds where processor = $1`

// What a process that died still holds nobody takes any more, and would be told as a zombie for ever. The rows stay, as
// epochs never fall.
const freeLocks = `
  update :schema.locks
  set epoch = epoch + 1, owner = null, token = '', acquired_at = null, renewed_at = null, expires_at = null,
      progress_mark = null, progress_behind = null, progress_since = null
  where starts_with(name, 'processor/' || $1 || '/') and owner is not null`

// locks: the partitions, so that none of them finds an owner before the commit
const readOwners = `
  select owner from :schema.processor_partitions
  where processor = any($1) and lease_until > clock_timestamp() and owner is not null for update`

async function dropOne(ledger: ModelLedger, tx: SqlTransaction, build: ProjectionBuild): Promise<void> {
  for (const statement of rowsOfProcessor) await tx.execute(ledger.sql(statement), [build.processor])
  await tx.execute(ledger.sql(freeLocks), [build.processor])
  await dropTables(ledger, tx, build)
  await tx.execute(ledger.sql(deleteBuild), [build.processor])
}

/** See `ProjectionStore.cancel`. */
export async function cancelBuild(ledger: ModelLedger, projection: string, by: string): Promise<boolean> {
  return await ledger.database.transaction(async (tx) => {
    const next = nextOf(await lockBuilds(ledger, tx, projection))
    if (next === undefined) return false
    await setState(ledger, tx, next, 'retired')
    await logAction(ledger, tx, { subject: projection, action: 'cancel', by })
    return true
  })
}

/** See `ProjectionStore.reset`. */
export async function resetLive(
  ledger: ModelLedger,
  projection: string,
  { start, by }: { readonly start: Position; readonly by: string },
): Promise<void> {
  await ledger.database.transaction(async (tx) => {
    const live = liveOf(await lockBuilds(ledger, tx, projection))
    if (live === undefined) throw new ConfigurationError(`projection ${projection}`, 'nothing of it is live')
    const values = [live.processor, start.generation, start.commit, start.index]
    await tx.execute(ledger.sql(startOver), values)
    for (const statement of rowsOfProcessor.slice(0, 3))
      await tx.execute(ledger.sql(statement), [live.processor])
    await emptyTables(ledger, tx, live)
    await logAction(ledger, tx, { subject: projection, action: 'reset', by })
  })
}

/** See `ProjectionStore.drop`. */
export async function dropBuilds(
  ledger: ModelLedger,
  { projection, version, by }: { readonly projection: string; readonly version: number; readonly by: string },
): Promise<number> {
  return await ledger.database.transaction(async (tx) => {
    const builds = await lockBuilds(ledger, tx, projection)
    const retired = builds.filter((build) => build.version === version && build.state === 'retired')
    for (const build of retired) await dropOne(ledger, tx, build)
    if (retired.length > 0) await logAction(ledger, tx, { subject: projection, action: 'drop', by })
    return retired.length
  })
}

/** See `ProjectionStore.remove`. */
export async function removeProjection(ledger: ModelLedger, projection: string, by: string): Promise<number> {
  return await ledger.database.transaction(async (tx) => {
    const builds = await lockBuilds(ledger, tx, projection)
    const processors = builds.map(({ processor }) => processor)
    const [fed] = await tx.query<{ owner: string }>(ledger.sql(readOwners), [processors])
    if (fed !== undefined)
      throw new ConfigurationError(
        `projection ${projection}`,
        `is fed by ${fed.owner}: stop what defines it first`,
      )
    for (const build of builds) {
      if (build.state === 'live') await dropViews(ledger, tx, build.tables)
      await dropOne(ledger, tx, build)
    }
    if (builds.length > 0) await logAction(ledger, tx, { subject: projection, action: 'drop', by })
    return builds.length
  })
}
