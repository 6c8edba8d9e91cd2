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

// Of builds that were dropped nothing else is left. A process that still feeds one must not take another for it.
const countRebuilds = `
  select count(*)::int as count from :schema.operator_actions where subject = $1 and action = 'rebuild'`

function nextRun(builds: readonly ProjectionBuild[], { version }: BuildPlan): number {
  return Math.max(0, ...builds.filter((each) => each.version === version).map((each) => each.run)) + 1
}

async function begin(
  ledger: ModelLedger,
  tx: SqlTransaction,
  plan: BuildPlan,
  { builds, run }: { readonly builds: readonly ProjectionBuild[]; readonly run: number },
): Promise<ProjectionBuild> {
  const { projection, version, form, partitions, tables, by } = plan
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
    await begin(ledger, tx, plan, { builds, run: nextRun(builds, plan) })
  })
}

/** See `ProjectionStore.rebuild`. */
export async function beginRebuild(ledger: ModelLedger, plan: BuildPlan): Promise<ProjectionBuild> {
  return await ledger.database.transaction(async (tx) => {
    const builds = await lockBuilds(ledger, tx, plan.projection)
    const next = nextOf(builds)
    if (next !== undefined)
      throw new ProjectionRebuildInProgressError({ projection: plan.projection, version: next.version })
    const [rebuilds] = await tx.query<{ count: number }>(ledger.sql(countRebuilds), [plan.projection])
    const run = Math.max(nextRun(builds, plan), 2 + (rebuilds?.count ?? 0))
    const build = await begin(ledger, tx, plan, { builds, run })
    await logAction(ledger, tx, { subject: plan.projection, action: 'rebuild', by: plan.by })
    return build
  })
}
