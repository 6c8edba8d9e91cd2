import type {
  BuildPlan,
  BuildRef,
  DocumentModel,
  FeedSession,
  InlineFeed,
  LiveDocuments,
  PartitionPlace,
  Position,
  ProjectionBuild,
  ProjectionStore,
  StateWrite,
} from '@millrace/contracts'

import { prepareSchema } from '../migrations/migrate.ts'
import type { MigrateMode } from '../migrations/migrate.ts'
import { createLedger } from '../processor-store/ledger.ts'
import { defaultSchema, parseSchemaName } from '../sql/schema-name.ts'
import type { SqlDatabase } from '../sql/sql-database.ts'
import { beginRebuild, ensureBuild } from './begin-build.ts'
import { readBuilds } from './build-rows.ts'
import { cancelBuild, dropBuilds, removeProjection, resetLive } from './end-build.ts'
import { feedInline, holdInline } from './feed-inline.ts'
import type { ModelLedger } from './model-ledger.ts'
import { fillTables } from './model-names.ts'
import { SqlDocumentModel } from './sql-document-model.ts'
import { SqlLiveDocuments } from './sql-live-documents.ts'
import { abortSwitch, beginSwitch, finishSwitch } from './switch-build.ts'

/** Settings of {@link openProjectionStore}. */
export interface ProjectionStoreOptions {
  /** The database of the processor store; stays the caller's to close. */
  readonly database: SqlDatabase
  /** The schema of the processor store's tables. @defaultValue `'millrace'` */
  readonly schema?: string
  /** The schema of the read models: their tables, and the views under whose names they are read. @defaultValue `'public'` */
  readonly modelSchema?: string
  /** As for the processor store. @defaultValue `'run'` */
  readonly migrate?: MigrateMode
}

const readInline = `
  select position_commit as commit from :schema.inline_commits
  where processor = $1 and partition = $2 and position_commit = any($3)`

const deleteInline = `
  delete from :schema.inline_commits where processor = $1 and partition = $2 and position_commit <= $3`

const deleteHold = `delete from :schema.inline_holds where processor = $1 and partition = $2`

/** Read models in SQL, beside the checkpoints of what feeds them. */
class SqlProjectionStore implements ProjectionStore {
  readonly kind = 'sql'
  readonly #ledger: ModelLedger

  constructor(ledger: ModelLedger) {
    this.#ledger = ledger
  }

  async builds(): Promise<readonly ProjectionBuild[]> {
    return await readBuilds(this.#ledger)
  }

  async ensure(plan: BuildPlan): Promise<void> {
    await ensureBuild(this.#ledger, plan)
  }

  async rebuild(plan: BuildPlan): Promise<ProjectionBuild> {
    return await beginRebuild(this.#ledger, plan)
  }

  async beginSwitch(build: BuildRef): Promise<boolean> {
    return await beginSwitch(this.#ledger, build)
  }

  async abortSwitch(build: BuildRef): Promise<void> {
    await abortSwitch(this.#ledger, build)
  }

  async finishSwitch(build: BuildRef): Promise<boolean> {
    return await finishSwitch(this.#ledger, build)
  }

  async cancel(projection: string, by: string): Promise<boolean> {
    return await cancelBuild(this.#ledger, projection, by)
  }

  async reset(projection: string, change: { readonly start: Position; readonly by: string }): Promise<void> {
    await resetLive(this.#ledger, projection, change)
  }

  async drop(projection: string, version: number, by: string): Promise<number> {
    return await dropBuilds(this.#ledger, { projection, version, by })
  }

  async remove(projection: string, by: string): Promise<number> {
    return await removeProjection(this.#ledger, projection, by)
  }

  documents(build: BuildRef): DocumentModel {
    return new SqlDocumentModel(this.#ledger, build)
  }

  liveDocuments(projection: string): LiveDocuments {
    return new SqlLiveDocuments(this.#ledger, projection)
  }

  fill(build: BuildRef & Pick<ProjectionBuild, 'tables'>, statement: string): string {
    return fillTables(this.#ledger.modelSchema, build, statement)
  }

  async query<Row extends object>(
    statement: string,
    values: readonly unknown[] = [],
  ): Promise<readonly Row[]> {
    return await this.#ledger.database.query<Row>(statement, values)
  }

  async feedInline(feed: InlineFeed, session: FeedSession): Promise<void> {
    await feedInline(this.#ledger, feed, session)
  }

  async inlineCommits(
    { processor, partition }: PartitionPlace,
    commits: readonly number[],
  ): Promise<readonly number[]> {
    const { database, sql } = this.#ledger
    const rows = await database.query<{ commit: number }>(sql(readInline), [processor, partition, commits])
    return rows.map(({ commit }) => commit)
  }

  async holdInline({ projection, processor }: ProjectionBuild, partition: number): Promise<void> {
    await holdInline(this.#ledger, projection, { processor, partition })
  }

  endInline({ processor, partition }: PartitionPlace, upTo: number): readonly StateWrite[] {
    return [
      { statement: this.#ledger.sql(deleteInline), values: [processor, partition, upTo] },
      { statement: this.#ledger.sql(deleteHold), values: [processor, partition] },
    ]
  }
}

/**
 * Opens the store of read models on Postgres or PGlite, beside the processor store of the same database and schema, and
 * brings its tables to this release's version.
 *
 * @throws {@link ConfigurationError} for a bad setting, or tables of another release that may not be migrated
 */
export async function openProjectionStore(options: ProjectionStoreOptions): Promise<ProjectionStore> {
  const { database } = options
  const schema = parseSchemaName(options.schema ?? defaultSchema)
  const modelSchema = parseSchemaName(options.modelSchema ?? 'public', 'modelSchema')
  await prepareSchema(database, schema, options.migrate)
  return new SqlProjectionStore({ ...createLedger(database, schema), modelSchema })
}
