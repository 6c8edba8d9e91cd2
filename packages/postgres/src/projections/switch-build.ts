import { failpoint } from '@millrace/contracts'
import type { BuildRef, ProjectionBuild } from '@millrace/contracts'

import type { SqlTransaction } from '../sql/sql-database.ts'
import { liveOf, lockBuilds, sameBuild, setState } from './build-rows.ts'
import type { ModelLedger } from './model-ledger.ts'
import { pointViews } from './model-tables.ts'

// in:    the processor that is to follow, the one that is read
// out:   whether the first has seen all that the second has, also what appends fed it, and the second has no owner
// locks: the second's partitions, so that it does not move before the switch is committed
const compareCheckpoints = `
  with live as (
    select generation, owner is not null and lease_until > clock_timestamp() as is_owned,
      greatest(checkpoint_commit, (select max(position_commit) from :schema.inline_commits where processor = $2)) as seen
    from :schema.processor_partitions where processor = $2 for update
  ),
  following as (
    select count(*) as known, min(checkpoint_commit) as lowest, min(generation) as generation
    from :schema.processor_partitions where processor = $1
  )
  select known >= $3 and not exists (
    select from live where is_owned or live.generation <> following.generation or seen > lowest
  ) as may_switch
  from following`

async function mayFollow(
  ledger: ModelLedger,
  tx: SqlTransaction,
  build: ProjectionBuild,
  live: ProjectionBuild,
): Promise<boolean> {
  const values = [build.processor, live.processor, build.partitions]
  const [row] = await tx.query<{ may_switch: boolean }>(ledger.sql(compareCheckpoints), values)
  return row?.may_switch === true
}

/** See `ProjectionStore.beginSwitch`. */
export async function beginSwitch(ledger: ModelLedger, ref: BuildRef): Promise<boolean> {
  return await ledger.database.transaction(async (tx) => {
    const build = sameBuild(await lockBuilds(ledger, tx, ref.projection), ref)
    if (build?.state === 'building') await setState(ledger, tx, ref, 'switching')
    return build?.state === 'building' || build?.state === 'switching'
  })
}

/** See `ProjectionStore.abortSwitch`. */
export async function abortSwitch(ledger: ModelLedger, ref: BuildRef): Promise<void> {
  await ledger.database.transaction(async (tx) => {
    const build = sameBuild(await lockBuilds(ledger, tx, ref.projection), ref)
    if (build?.state === 'switching') await setState(ledger, tx, ref, 'building')
  })
}

/** See `ProjectionStore.finishSwitch`. */
export async function finishSwitch(ledger: ModelLedger, ref: BuildRef): Promise<boolean> {
  const done = await ledger.database.transaction(async (tx) => {
    // A reader that takes its time must not hold up all that come after it.
    await tx.execute("set local lock_timeout = '1s'")
    const builds = await lockBuilds(ledger, tx, ref.projection)
    const build = sameBuild(builds, ref)
    if (build?.state !== 'switching') return false
    const live = liveOf(builds)
    if (live !== undefined) {
      if (!(await mayFollow(ledger, tx, build, live))) return false
      await setState(ledger, tx, live, 'retired')
    }
    await setState(ledger, tx, build, 'live')
    await pointViews(ledger, tx, build, live)
    await failpoint('projection:before-switch')
    return true
  })
  if (done) await failpoint('projection:after-switch')
  return done
}
