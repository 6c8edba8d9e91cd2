import { ConfigurationError } from '@millrace/contracts'

import { inSchema } from '../sql/schema-name.ts'
import type { SchemaName } from '../sql/schema-name.ts'
import type { SqlDatabase, SqlTransaction } from '../sql/sql-database.ts'
import { readMigrations } from './migration-files.ts'
import type { Migration } from './migration-files.ts'

/** Bytes of "millrace": all our advisory locks are (this, hash of the schema). */
const lockClass = 0x6d696c6c

interface AppliedRow {
  readonly version: number
  readonly name: string
  readonly checksum: string
}

const createTable = `
create schema if not exists :schema;
create table if not exists :schema.migrations (
  version int primary key,
  name text not null,
  checksum text not null,
  applied_at timestamptz not null default now()
)`

/** @throws {@link ConfigurationError} where the database and this release disagree on a step. */
function checkApplied(applied: readonly AppliedRow[], known: readonly Migration[], schema: SchemaName): void {
  for (const { version, name, checksum } of applied) {
    const mine = known.find((migration) => migration.version === version)
    if (mine === undefined)
      throw new ConfigurationError(
        'database',
        `schema ${schema} is at version ${version} (${name}), newer than this release; update Millrace`,
      )
    if (mine.checksum !== checksum)
      throw new ConfigurationError(
        'database',
        `migration ${version} (${name}) of schema ${schema} was applied from another file than this release has`,
      )
  }
}

async function appliedIn(
  session: { query: SqlDatabase['query'] },
  schema: SchemaName,
): Promise<readonly AppliedRow[] | undefined> {
  const [found] = await session.query<{ found: boolean }>('select to_regclass($1) is not null as found', [
    `${schema}.migrations`,
  ])
  if (found?.found !== true) return undefined
  return await session.query<AppliedRow>(
    inSchema('select version, name, checksum from :schema.migrations order by version', schema),
  )
}

async function applyMissing(
  tx: SqlTransaction,
  schema: SchemaName,
  known: readonly Migration[],
): Promise<void> {
  // Until the end of the transaction: others wait here and then find everything done.
  await tx.query('select pg_advisory_xact_lock($1, hashtext($2))', [lockClass, schema])
  for (const statement of createTable.split(';')) await tx.execute(inSchema(statement, schema))
  const applied = (await appliedIn(tx, schema)) ?? []
  checkApplied(applied, known, schema)
  const done = new Set(applied.map(({ version }) => version))
  for (const migration of known.filter(({ version }) => !done.has(version)))
    await apply(tx, schema, migration)
}

async function apply(tx: SqlTransaction, schema: SchemaName, migration: Migration): Promise<void> {
  await tx.script(inSchema(migration.sql, schema))
  await tx.execute(
    inSchema('insert into :schema.migrations (version, name, checksum) values ($1, $2, $3)', schema),
    [migration.version, migration.name, migration.checksum],
  )
}

/** What opening does to tables of an older release: `run` brings them up to date, `refuse` changes nothing. */
export type MigrateMode = 'run' | 'refuse'

/** @throws {@link ConfigurationError} unless every step was applied; writes nothing */
async function requireMigrated(
  database: SqlDatabase,
  schema: SchemaName,
  known: readonly Migration[],
): Promise<void> {
  const applied = (await appliedIn(database, schema)) ?? []
  checkApplied(applied, known, schema)
  if (applied.length === known.length) return
  throw new ConfigurationError(
    'database',
    `schema ${schema} is at version ${applied.at(-1)?.version ?? 0}, this release needs ${known.at(-1)?.version ?? 0}; start the app once, which brings it up to date`,
  )
}

/** {@link migrate}, or, in mode `refuse`, the same checks without a change. */
export async function prepareSchema(
  database: SqlDatabase,
  schema: SchemaName,
  mode: MigrateMode = 'run',
): Promise<void> {
  if (mode === 'run') await migrate(database, schema)
  else await requireMigrated(database, schema, readMigrations())
}

/**
 * Brings a schema to this release's version, forwards only, in one transaction; of several processes one does it and
 * the others wait. A schema that is up to date costs two reads.
 *
 * @throws {@link ConfigurationError} when the schema is newer, or a step was applied from another file
 */
export async function migrate(
  database: SqlDatabase,
  schema: SchemaName,
  known: readonly Migration[] = readMigrations(),
): Promise<void> {
  const applied = await appliedIn(database, schema)
  if (applied !== undefined) {
    checkApplied(applied, known, schema)
    if (applied.length === known.length) return
  }
  await database.transaction((tx) => applyMissing(tx, schema, known))
}
