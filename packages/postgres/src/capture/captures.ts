import { ConfigurationError, failpoint } from '@millrace/contracts'

import { prepareSchema } from '../migrations/migrate.ts'
import type { MigrateMode } from '../migrations/migrate.ts'
import { defaultSchema, inSchema, parseSchemaName } from '../sql/schema-name.ts'
import type { SchemaName } from '../sql/schema-name.ts'
import type { SqlDatabase, SqlSession, SqlTransaction } from '../sql/sql-database.ts'
import { captureRefusal } from './capture-refusal.ts'

/** Where captures are kept. */
export interface CaptureOptions {
  /** The schema of Millrace's tables. @defaultValue `'millrace'` */
  readonly schema?: string
  /**
   * `run` creates Millrace's tables and brings older ones up to this release; `refuse` throws a {@link ConfigurationError} for
   * tables that are missing or older. @defaultValue `'run'`
   */
  readonly migrate?: MigrateMode
}

/** Settings of what changes triggers. */
export interface ChangeCaptureOptions extends CaptureOptions {
  /** Milliseconds to wait for those who write to the table, 1 to 600_000; a `ConnectionError` after that. @defaultValue 10_000 */
  readonly lockTimeoutMs?: number
}

/** Settings of {@link installCapture}. */
export interface InstallCaptureOptions extends ChangeCaptureOptions {
  /** As it is written in SQL: `orders`, `sales.orders`, `"Order Lines"`. */
  readonly table: string
  /** What the log calls it: `[a-z][a-z0-9_]*`, at most 63 bytes. @defaultValue the table's own name, where it is one */
  readonly name?: string
  /** Columns that never leave the table. @defaultValue none */
  readonly exclude?: readonly string[]
  /** The column that names the tenant of a row. @defaultValue none */
  readonly tenant?: string
}

/** Which capture, by what the log calls its table. */
export interface NamedCapture {
  readonly name: string
}

/** How a capture and its table do not agree. */
export type CaptureFaultKind =
  | 'table-dropped'
  | 'table-replaced'
  | 'table-renamed'
  | 'column-added'
  | 'column-dropped'
  | 'column-renamed'
  | 'column-retyped'
  | 'key-changed'
  | 'trigger-missing'
  | 'trigger-disabled'
  | 'code-changed'
  | 'refused'

/** One point in which a capture and its table do not agree. */
export interface CaptureFault {
  readonly kind: CaptureFaultKind
  /** The column, table or trigger, or for `refused` the reason. */
  readonly subject: string
}

/** A captured table. */
export interface Capture {
  /** What the log calls it. */
  readonly name: string
  /** As it is written in SQL. */
  readonly table: string
  readonly key: readonly string[]
  readonly excluded: readonly string[]
  readonly tenant: string | undefined
  /** When its triggers were written. */
  readonly installedAt: Date
  /** Empty while all is as it was installed. */
  readonly faults: readonly CaptureFault[]
}

interface CaptureRow {
  readonly name: string
  readonly relation: string
  readonly key_columns: readonly string[]
  readonly excluded: readonly string[]
  readonly tenant_column: string | null
  readonly installed_at: number
  readonly faults: string
}

const select = `select name, coalesce(to_regclass(relation::text)::text, format('%I.%I', relation_schema, relation_name)) as relation,
  key_columns, excluded, tenant_column, installed_at,
  (select coalesce(json_agg(json_build_object('kind', f.kind, 'subject', f.subject)), '[]')::text from :schema.capture_faults(c) f) as faults
  from :schema.captures c where $1::text is null or name = $1 order by name`

function captureOf(row: CaptureRow): Capture {
  return {
    name: row.name,
    table: row.relation,
    key: row.key_columns,
    excluded: row.excluded,
    tenant: row.tenant_column ?? undefined,
    installedAt: new Date(row.installed_at),
    faults: JSON.parse(row.faults) as readonly CaptureFault[],
  }
}

async function prepared(database: SqlDatabase, options: CaptureOptions): Promise<SchemaName> {
  const schema = parseSchemaName(options.schema ?? defaultSchema)
  await prepareSchema(database, schema, options.migrate)
  return schema
}

async function read(
  session: SqlSession,
  schema: SchemaName,
  name: string | null,
): Promise<readonly Capture[]> {
  const rows = await session.query<CaptureRow>(inSchema(select, schema), [name])
  return rows.map(captureOf)
}

/** Runs what takes locks on users' tables: all or nothing, and not for longer than was said. */
async function changing<T>(
  database: SqlDatabase,
  { what, lockTimeoutMs = 10_000 }: { readonly what: string; readonly lockTimeoutMs?: number | undefined },
  work: (tx: SqlTransaction) => Promise<T>,
): Promise<T> {
  if (!Number.isSafeInteger(lockTimeoutMs) || lockTimeoutMs < 1 || lockTimeoutMs > 600_000)
    throw new ConfigurationError('options.lockTimeoutMs', 'must be a whole number from 1 to 600000')
  try {
    const result = await database.transaction(async (tx) => {
      await tx.query("select set_config('lock_timeout', $1, true)", [String(lockTimeoutMs)])
      const done = await work(tx)
      await failpoint('capture:before-commit')
      return done
    })
    await failpoint('capture:after-commit')
    return result
  } catch (error) {
    throw captureRefusal(what, error)
  }
}

function checkColumns({ exclude, tenant }: InstallCaptureOptions): void {
  const isName = (value: unknown): boolean =>
    typeof value === 'string' && value !== '' && !value.includes('\0')
  if (exclude !== undefined && !(Array.isArray(exclude) && exclude.every(isName)))
    throw new ConfigurationError('options.exclude', 'must be a list of column names')
  if (tenant !== undefined && !isName(tenant))
    throw new ConfigurationError('options.tenant', 'must be the name of a column')
}

/** The table, and what it is called where nobody says. */
async function findTable(
  tx: SqlSession,
  table: string,
): Promise<{ readonly oid: number; readonly name: string }> {
  if (typeof table !== 'string' || table.trim() === '' || table.includes('\0'))
    throw new ConfigurationError('options.table', 'must be the name of a table as it is written in SQL')
  const [found] = await tx.query<{ oid: number; name: string }>(
    'select oid, relname::text as name from pg_class where oid = to_regclass($1)',
    [table],
  )
  if (found === undefined) throw new ConfigurationError('options.table', `there is no table ${table}`)
  return found
}

/**
 * Begins to record the changes of a table: triggers write them in the transaction that makes them. Installing again with
 * the same settings changes nothing. Waits for transactions that write to the table, and writers wait meanwhile.
 *
 * @throws {@link ConfigurationError} naming what cannot be captured rightly; nothing was changed
 */
export async function installCapture(
  database: SqlDatabase,
  options: InstallCaptureOptions,
): Promise<Capture> {
  checkColumns(options)
  const schema = await prepared(database, options)
  const { table, exclude = [], tenant = null, lockTimeoutMs } = options
  return await changing(database, { what: `table ${table}`, lockTimeoutMs }, async (tx) => {
    const { oid, name: own } = await findTable(tx, table)
    const name = options.name ?? own
    if (!/^[a-z][a-z0-9_]{0,62}$/.test(name))
      throw new ConfigurationError(
        'options.name',
        `must be [a-z][a-z0-9_]* of at most 63 bytes; ${JSON.stringify(name)} is not`,
      )
    const without = [...new Set(exclude)].toSorted()
    const install = 'select :schema.install_capture($1::oid::regclass, $2, $3::text[], $4)'
    await tx.query(inSchema(install, schema), [oid, name, without, tenant])
    const [capture] = await read(tx, schema, name)
    if (capture === undefined) throw new Error('a capture that was installed is there')
    return capture
  })
}

/** What is captured, by name, each with its faults. */
export async function listCaptures(
  database: SqlDatabase,
  options: CaptureOptions = {},
): Promise<readonly Capture[]> {
  return await read(database, await prepared(database, options), null)
}

/** One capture with its faults; undefined for a name the log does not know. */
export async function inspectCapture(
  database: SqlDatabase,
  options: CaptureOptions & NamedCapture,
): Promise<Capture | undefined> {
  return (await read(database, await prepared(database, options), options.name))[0]
}

/**
 * Makes a capture fit its table again. What was changed in between as far as its triggers ran is recorded; what they
 * missed is not. Undefined for a name the log does not know.
 *
 * @throws {@link ConfigurationError} where the table is gone, or cannot be captured any more
 */
export async function repairCapture(
  database: SqlDatabase,
  options: ChangeCaptureOptions & NamedCapture,
): Promise<Capture | undefined> {
  const schema = await prepared(database, options)
  const { name, lockTimeoutMs } = options
  return await changing(database, { what: `capture ${name}`, lockTimeoutMs }, async (tx) => {
    if ((await read(tx, schema, name)).length === 0) return undefined
    await tx.query(inSchema('select :schema.repair_capture($1)', schema), [name])
    return (await read(tx, schema, name))[0]
  })
}

/** Settings of {@link removeCapture}. */
export interface RemoveCaptureOptions extends ChangeCaptureOptions, NamedCapture {
  /** Also deletes what was recorded, handled or not. @defaultValue false: it stays until it is pruned */
  readonly deleteChanges?: boolean
}

/** Takes a capture off its table without a trace there; false for a name the log does not know. */
export async function removeCapture(database: SqlDatabase, options: RemoveCaptureOptions): Promise<boolean> {
  const schema = await prepared(database, options)
  const { name, deleteChanges = false, lockTimeoutMs } = options
  return await changing(database, { what: `capture ${name}`, lockTimeoutMs }, async (tx) => {
    const remove = 'select :schema.remove_capture($1, $2) as removed'
    const [row] = await tx.query<{ removed: boolean }>(inSchema(remove, schema), [name, deleteChanges])
    return row?.removed === true
  })
}
