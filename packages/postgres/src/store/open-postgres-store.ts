import { ConfigurationError, createEventEncoder, createIdFactory } from '@millrace/contracts'
import type { EventStore, Serializer } from '@millrace/contracts'

import { prepareSchema } from '../migrations/migrate.ts'
import type { MigrateMode } from '../migrations/migrate.ts'
import { copyRowOf, generationOf, generationsBefore, schemasOfLog } from '../replace/replacement-rows.ts'
import { defaultSchema, parseSchemaName } from '../sql/schema-name.ts'
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
  const copy = await copyRowOf(database, schema)
  if (copy !== undefined && copy.completedAt === null)
    throw new ConfigurationError(
      'schema',
      `${schema} is an unfinished copy of ${copy.sourceSchema}; open that, which leads here once the copy has taken its place`,
    )
  // What replaced the log since lies in another schema.
  const current = (await schemasOfLog(database, schema)).at(-1) ?? schema
  if (current !== schema) await prepareSchema(database, current, options.migrate)
  return new PostgresStore({
    database,
    schema: current,
    name: schema,
    generation: await generationOf(database, current),
    formerGenerations: await generationsBefore(database, current),
    encode,
    mint: createIdFactory(now),
    now,
  })
}
