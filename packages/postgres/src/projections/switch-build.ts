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

// in:    the processor that is to follow, the one that is read
// out:   whether the first has parked an event that the second has handled: its readers would miss it
const missesParked = `
  select exists (
    select from :schema.parked_records n
    where n.processor = $1
      and n.position_commit <= (select max(checkpoint_commit) from :schema.processor_partitions where processor = $2)
      and not exists (select from :schema.parked_records l where l.processor = $2 and l.record_id = n.record_id)
  ) as misses`

async function wouldMiss(
  ledger: ModelLedger,
  tx: SqlTransaction,
  build: ProjectionBuild,
  live: ProjectionBuild | undefined,
): Promise<boolean> {
  if (live === undefined) return false
  const values = [build.processor, live.processor]
  const [row] = await tx.query<{ misses: boolean }>(ledger.sql(missesParked), values)
  return row?.misses === true
}

async function mayFollow(
  ledger: ModelLedger,
  tx: SqlTransaction,
  build: ProjectionBuild,
  live: ProjectionBuild,
): Promise<boolean> {
  const values = [build.processor, live.processor, build.partitions]
  const [row] = await tx.query<{ may_switch: boolean }>(ledger.sql(compareCheckpoints), values)
  return row?.may_switch === true && !(await wouldMiss(ledger, tx, build, live))
}

/** See `ProjectionStore.beginSwitch`. */
export async function beginSwitch(ledger: ModelLedger, ref: BuildRef): Promise<boolean> {
  return await ledger.database.transaction(async (tx) => {
    const builds = await lockBuilds(ledger, tx, ref.projection)
    const build = sameBuild(builds, ref)
    if (build?.state !== 'building') return build?.state === 'switching'
    if (await wouldMiss(ledger, tx, build, liveOf(builds))) return false
    await setState(ledger, tx, ref, 'switching')
    return true
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
