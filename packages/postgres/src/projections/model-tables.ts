import { ConfigurationError, isMillraceError } from '@millrace/contracts'
import type { BuildPlan, ProjectionBuild } from '@millrace/contracts'

import type { SqlTransaction } from '../sql/sql-database.ts'
import type { ModelLedger } from './model-ledger.ts'
import { assertNameFree, fillTables, inModel, physical } from './model-names.ts'

// No index but the key, and room on each page: a document that changes stays where it is.
const documentTable = (name: string): string => `
create table ${name} (
  key             text     collate "C" not null primary key,
  document        json     not null,
  position_commit bigint   not null,
  position_index  integer  not null,
  partition       smallint not null,
  revision        bigint   not null
) with (fillfactor = 80)`

const documentColumns = 'key, document, position_commit, position_index'

const readColumns = `
  select string_agg(quote_ident(attname) || ' ' || format_type(atttypid, atttypmod), ', ' order by attnum) as columns
  from pg_attribute where attrelid = to_regclass($1) and attnum > 0 and not attisdropped`

/** Creates the tables of a build. @throws {@link ConfigurationError} where the script does not */
export async function createTables(
  { modelSchema }: ModelLedger,
  tx: SqlTransaction,
  build: ProjectionBuild,
  { script }: Pick<BuildPlan, 'script'>,
): Promise<void> {
  await tx.execute(`create schema if not exists "${modelSchema}"`)
  if (build.form === 'documents') {
    for (const table of build.tables) await tx.execute(documentTable(physical(modelSchema, table, build)))
    return
  }
  try {
    await tx.script(fillTables(modelSchema, build, script))
    for (const table of build.tables)
      await tx.query(`select from ${physical(modelSchema, table, build)} limit 0`)
  } catch (cause) {
    if (isMillraceError(cause) && cause.retryable) throw cause
    throw new ConfigurationError(
      `projection ${build.projection}`,
      'its script failed, or does not create all of its tables',
      { cause },
    )
  }
}

async function columnsOf(tx: SqlTransaction, relation: string): Promise<string | null> {
  const [row] = await tx.query<{ columns: string | null }>(readColumns, [relation])
  return row?.columns ?? null
}

async function pointView(
  { modelSchema }: ModelLedger,
  tx: SqlTransaction,
  build: ProjectionBuild,
  table: string,
): Promise<void> {
  await assertNameFree(tx, modelSchema, table)
  const view = inModel(modelSchema, table)
  const to = physical(modelSchema, table, build)
  const columns = build.form === 'documents' ? documentColumns : '*'
  const before = await columnsOf(tx, view)
  const after = build.form === 'documents' ? before : await columnsOf(tx, to)
  // Replaced in place where that is possible: rights given on it stay.
  if (before !== null && before === after)
    await tx.execute(`create or replace view ${view} as select ${columns} from ${to}`)
  else {
    await tx.execute(`drop view if exists ${view}`)
    await tx.execute(`create view ${view} as select ${columns} from ${to}`)
  }
}

/** Lets the names under which a model is read lead to a build, and no longer to one it replaces. */
export async function pointViews(
  ledger: ModelLedger,
  tx: SqlTransaction,
  build: ProjectionBuild,
  replaced?: ProjectionBuild,
): Promise<void> {
  const gone = (replaced?.tables ?? []).filter((table) => !build.tables.includes(table))
  await dropViews(ledger, tx, gone)
  for (const table of build.tables) await pointView(ledger, tx, build, table)
}

/** Drops the names under which tables are read. */
export async function dropViews(
  { modelSchema }: ModelLedger,
  tx: SqlTransaction,
  tables: readonly string[],
): Promise<void> {
  for (const table of tables) await tx.execute(`drop view if exists ${inModel(modelSchema, table)}`)
}

/** Empties the tables of a build, as they were made: what counts in them counts from its beginning. */
export async function emptyTables(
  { modelSchema }: ModelLedger,
  tx: SqlTransaction,
  build: ProjectionBuild,
): Promise<void> {
  const tables = build.tables.map((table) => physical(modelSchema, table, build))
  if (tables.length > 0) await tx.execute(`truncate ${tables.join(', ')} restart identity`)
}

/** Drops the tables of a build, together: one may refer to another. */
export async function dropTables(
  { modelSchema }: ModelLedger,
  tx: SqlTransaction,
  build: ProjectionBuild,
): Promise<void> {
  const tables = build.tables.map((table) => physical(modelSchema, table, build))
  if (tables.length > 0) await tx.execute(`drop table if exists ${tables.join(', ')}`)
}
