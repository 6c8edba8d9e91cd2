import type { BuildRef, BuildState, FeedSession, ModelForm, ProjectionBuild } from '@millrace/contracts'

import type { SqlTransaction } from '../sql/sql-database.ts'
import type { ModelLedger } from './model-ledger.ts'

const columns = `projection, version, run, processor, form, partitions, tables, state, started_by, started_at, live_at,
  extract(epoch from clock_timestamp() - switching_at)::float8 * 1000 as switching_for_ms`

const readAll = `select ${columns} from :schema.projection_builds order by projection, version, run`

const readOf = `select ${columns} from :schema.projection_builds where projection = $1 order by version, run`

const insertProjection = `insert into :schema.projections (projection) values ($1) on conflict do nothing`

const lockProjection = `select from :schema.projections where projection = $1 for update`

const updateState = `
  update :schema.projection_builds
  set state = $4, switching_at = case when $4 = 'switching' then now() end,
      live_at = case when $4 = 'live' then now() else live_at end,
      retired_at = case when $4 = 'retired' then now() end
  where projection = $1 and version = $2 and run = $3`

interface BuildRow {
  readonly projection: string
  readonly version: number
  readonly run: number
  readonly processor: string
  readonly form: ModelForm
  readonly partitions: number
  readonly tables: readonly string[]
  readonly state: BuildState
  readonly started_by: string
  readonly started_at: Date
  readonly live_at: Date | null
  readonly switching_for_ms: number | null
}

function toBuild(row: BuildRow): ProjectionBuild {
  return {
    projection: row.projection,
    version: row.version,
    run: row.run,
    processor: row.processor,
    form: row.form,
    partitions: row.partitions,
    tables: row.tables,
    state: row.state,
    startedBy: row.started_by,
    startedAt: row.started_at,
    liveAt: row.live_at ?? undefined,
    switchingForMs: row.switching_for_ms ?? undefined,
  }
}

/** Every build of every projection. */
export async function readBuilds(ledger: ModelLedger): Promise<readonly ProjectionBuild[]> {
  return (await ledger.database.query<BuildRow>(ledger.sql(readAll))).map(toBuild)
}

/** The builds of one projection, lowest version first. */
export async function buildsOf(
  ledger: ModelLedger,
  session: FeedSession,
  projection: string,
): Promise<readonly ProjectionBuild[]> {
  return (await session.query<BuildRow>(ledger.sql(readOf), [projection])).map(toBuild)
}

/** Makes the transaction the only one that changes the projection's builds, and gives them. */
export async function lockBuilds(
  ledger: ModelLedger,
  tx: SqlTransaction,
  projection: string,
): Promise<readonly ProjectionBuild[]> {
  await tx.execute(ledger.sql(insertProjection), [projection])
  await tx.query(ledger.sql(lockProjection), [projection])
  return await buildsOf(ledger, tx, projection)
}

export async function setState(
  ledger: ModelLedger,
  tx: SqlTransaction,
  { projection, version, run }: BuildRef,
  state: BuildState,
): Promise<void> {
  await tx.execute(ledger.sql(updateState), [projection, version, run, state])
}

/** The build that is read. */
export function liveOf(builds: readonly ProjectionBuild[]): ProjectionBuild | undefined {
  return builds.find(({ state }) => state === 'live')
}

/** The build that is under way. */
export function nextOf(builds: readonly ProjectionBuild[]): ProjectionBuild | undefined {
  return builds.find(({ state }) => state === 'building' || state === 'switching')
}

/** The same build, as it is stored. */
export function sameBuild(builds: readonly ProjectionBuild[], ref: BuildRef): ProjectionBuild | undefined {
  return builds.find(({ version, run }) => version === ref.version && run === ref.run)
}
