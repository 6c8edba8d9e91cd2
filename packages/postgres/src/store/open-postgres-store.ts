import { createEventEncoder, createIdFactory } from '@millrace/contracts'
import type { EventStore, Serializer } from '@millrace/contracts'

import { prepareSchema } from '../migrations/migrate.ts'
import type { MigrateMode } from '../migrations/migrate.ts'
import { defaultSchema, inSchema, parseSchemaName } from '../sql/schema-name.ts'
import type { SqlDatabase } from '../sql/sql-database.ts'
import { PostgresStore } from './postgres-store.ts'

/** Settings of {@link openPostgresStore}. */
export interface PostgresStoreOptions {
  /** Stays open when the store is closed. */
  readonly database: SqlDatabase
  /** The SQL schema that holds all tables; created where it is missing. @defaultValue `'millrace'` */
  readonly schema?: string
  /**
   * `run` creates the tables and brings older ones up to this release; `refuse` changes nothing and throws a
   * {@link ConfigurationError} for tables that are missing or older. @defaultValue `'run'`
   */
  readonly migrate?: MigrateMode
  /** Encodes the data of new events. @defaultValue JSON */
  readonly serializer?: Serializer
  /** The largest event, payload and metadata together, in bytes. @defaultValue 1_000_000 */
  readonly maxEventBytes?: number
  /** Current time in epoch milliseconds, for occurred-at and ids. @defaultValue `Date.now` */
  readonly now?: () => number
}

/**
 * Opens an event store on Postgres or PGlite and brings its tables to this release's version.
 *
 * @throws {@link ConfigurationError} for a bad setting, or tables of another release that may not be migrated
 */
export async function openPostgresStore(options: PostgresStoreOptions): Promise<EventStore> {
  const { database, serializer, maxEventBytes, now = Date.now } = options
  const schema = parseSchemaName(options.schema ?? defaultSchema)
  const encode = createEventEncoder({
    ...(serializer === undefined ? {} : { serializer }),
    ...(maxEventBytes === undefined ? {} : { maxEventBytes }),
  })
  await prepareSchema(database, schema, options.migrate)
  const [log] = await database.query<{ generation: string }>(
    inSchema('select generation from :schema.log', schema),
  )
  if (log === undefined) throw new Error(`schema ${schema} has no row in its table log`)
  return new PostgresStore({
    database,
    schema,
    generation: log.generation,
    encode,
    mint: createIdFactory(now),
    now,
  })
}
