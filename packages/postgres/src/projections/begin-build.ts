import { buildProcessor, ProjectionRebuildInProgressError } from '@millrace/contracts'
import type { BuildPlan, ProjectionBuild } from '@millrace/contracts'

import { logAction } from '../processor-store/operator-log.ts'
import type { SqlTransaction } from '../sql/sql-database.ts'
import { buildsOf, liveOf, lockBuilds, nextOf, sameBuild, setState } from './build-rows.ts'
import type { ModelLedger } from './model-ledger.ts'
import { createTables, pointViews } from './model-tables.ts'

const insertBuild = `
  insert into :schema.projection_builds
    (projection, version, run, processor, form, partitions, model_schema, tables, state, started_by, live_at)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, case when $9 = 'live' then now() end)`

async function begin(
  ledger: ModelLedger,
  tx: SqlTransaction,
  plan: BuildPlan,
  builds: readonly ProjectionBuild[],
): Promise<ProjectionBuild> {
  const { projection, version, form, partitions, tables, by } = plan
  const run = Math.max(0, ...builds.filter((each) => each.version === version).map((each) => each.run)) + 1
  const isFirst = liveOf(builds) === undefined
  const processor = buildProcessor({ projection, version, run })
  const state = isFirst ? 'live' : 'building'
  const values = [
    projection,
    version,
    run,
    processor,
    form,
    partitions,
    ledger.modelSchema,
    tables,
    state,
    by,
  ]
  await tx.execute(ledger.sql(insertBuild), values)
  const build = sameBuild(await buildsOf(ledger, tx, projection), { projection, version, run })
  if (build === undefined) throw new Error(`build ${processor} was not recorded`)
  await createTables(ledger, tx, build, plan)
  if (isFirst) await pointViews(ledger, tx, build)
  return build
}

/** See `ProjectionStore.ensure`. */
export async function ensureBuild(ledger: ModelLedger, plan: BuildPlan): Promise<void> {
  await ledger.database.transaction(async (tx) => {
    const builds = await lockBuilds(ledger, tx, plan.projection)
    const next = nextOf(builds)
    const newest = Math.max(liveOf(builds)?.version ?? 0, next?.version ?? 0)
    if (newest >= plan.version) return
    if (next !== undefined) await setState(ledger, tx, next, 'retired')
    await begin(ledger, tx, plan, builds)
  })
}

/** See `ProjectionStore.rebuild`. */
export async function beginRebuild(ledger: ModelLedger, plan: BuildPlan): Promise<ProjectionBuild> {
  return await ledger.database.transaction(async (tx) => {
    const builds = await lockBuilds(ledger, tx, plan.projection)
    const next = nextOf(builds)
    if (next !== undefined)
      throw new ProjectionRebuildInProgressError({ projection: plan.projection, version: next.version })
    const build = await begin(ledger, tx, plan, builds)
    await logAction(ledger, tx, { subject: plan.projection, action: 'rebuild', by: plan.by })
    return build
  })
}
