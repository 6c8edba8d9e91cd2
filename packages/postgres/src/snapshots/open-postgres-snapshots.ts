import type { SnapshotStore } from '@millrace/contracts'

import { prepareSchema } from '../migrations/migrate.ts'
import type { MigrateMode } from '../migrations/migrate.ts'
import { defaultSchema, parseSchemaName } from '../sql/schema-name.ts'
import type { SqlDatabase } from '../sql/sql-database.ts'
import { PostgresSnapshots } from './postgres-snapshots.ts'

/** Settings of {@link openPostgresSnapshots}. */
export interface PostgresSnapshotsOptions {
  /** Stays the caller's to close. */
  readonly database: SqlDatabase
  /** The schema of the tables. @defaultValue `'millrace'` */
  readonly schema?: string
  /**
   * `run` creates the tables and brings older ones up to this release; `refuse` changes nothing and throws a
   * {@link ConfigurationError} for tables that are missing or older. @defaultValue `'run'`
   */
  readonly migrate?: MigrateMode
}

/**
 * Opens a store of snapshots on Postgres or PGlite. Nothing has to be closed.
 *
 * @throws {@link ConfigurationError} for a bad setting, or tables of another release that may not be migrated
 */
export async function openPostgresSnapshots(options: PostgresSnapshotsOptions): Promise<SnapshotStore> {
  const { database } = options
  const schema = parseSchemaName(options.schema ?? defaultSchema)
  await prepareSchema(database, schema, options.migrate)
  return new PostgresSnapshots(database, schema)
}
