import { ConfigurationError } from '@millrace/contracts'

import { inSchema } from '../sql/schema-name.ts'
import type { SchemaName } from '../sql/schema-name.ts'
import type { SqlSession, SqlTransaction } from '../sql/sql-database.ts'
import { hasSqlState, sqlState } from '../sql/sql-error.ts'

/** What a schema says of the replacement of its log. */
export interface ReplacementRow {
  readonly bySchema: SchemaName
  readonly generation: string
  readonly byGeneration: string
  /** Null while it is under way. */
  readonly replacedAt: number | null
  readonly bySeq: number | null
}

/** What a schema says of the log it is a copy of. */
export interface CopyRow {
  readonly sourceSchema: SchemaName
  readonly sourceGeneration: string
  /** Null until it has taken the other's place. */
  readonly completedAt: number | null
}

const replacement = `select by_schema as "bySchema", generation, by_generation as "byGeneration", replaced_at as "replacedAt", by_seq as "bySeq" from :schema.log_replacement`
const copy = `select source_schema as "sourceSchema", source_generation as "sourceGeneration", completed_at as "completedAt" from :schema.log_copy`

/** The replacement of a schema's log, under way or done. */
export async function replacementOf(
  session: SqlSession,
  schema: SchemaName,
): Promise<ReplacementRow | undefined> {
  const [row] = await session.query<ReplacementRow>(inSchema(replacement, schema))
  return row
}

/** The same, which nobody changes before the transaction ends. */
export async function lockedReplacementOf(
  tx: SqlTransaction,
  schema: SchemaName,
): Promise<ReplacementRow | undefined> {
  const [row] = await tx.query<ReplacementRow>(inSchema(`${replacement} for update`, schema))
  return row
}

/** What the log of a schema is a copy of. */
export async function copyRowOf(session: SqlSession, schema: SchemaName): Promise<CopyRow | undefined> {
  const [row] = await session.query<CopyRow>(inSchema(copy, schema))
  return row
}

/** The generation of a schema's log. */
export async function generationOf(session: SqlSession, schema: SchemaName): Promise<string> {
  const [log] = await session.query<{ generation: string }>(
    inSchema('select generation from :schema.log', schema),
  )
  if (log === undefined) throw new Error(`schema ${schema} has no row in its table log`)
  return log.generation
}

const schemasWithReplacements = `
  select table_schema as schema from information_schema.tables
  where table_name = 'log_replacement' and table_schema ~ '^[a-z][a-z0-9_]{0,39}$'`

/** The schemas that hold a log, current or not. */
export async function schemasWithLogs(session: SqlSession): Promise<readonly SchemaName[]> {
  const rows = await session.query<{ schema: SchemaName }>(schemasWithReplacements)
  return rows.map(({ schema }) => schema)
}

const notOurs = [sqlState.undefinedTable, sqlState.undefinedColumn, sqlState.missingPrivilege]

/** What was read of any schema there is; undefined of one that was dropped meanwhile, or is somebody else's. */
export async function ifOurs<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading
  } catch (error) {
    if (notOurs.some((state) => hasSqlState(error, state))) return undefined
    throw error
  }
}

/** The generations of the logs that a schema's log has taken the place of, directly or not. */
export async function generationsBefore(session: SqlSession, schema: SchemaName): Promise<readonly string[]> {
  const rows: ReplacementRow[] = []
  for (const other of await schemasWithLogs(session)) {
    const row = await ifOurs(replacementOf(session, other))
    if (row !== undefined && row.replacedAt !== null) rows.push(row)
  }
  const own = await generationOf(session, schema)
  const found = new Set<string>()
  for (let next = [own]; next.length > 0;) {
    const before = rows
      .filter(({ byGeneration }) => next.includes(byGeneration))
      .map(({ generation }) => generation)
    next = before.filter((generation) => generation !== own && !found.has(generation))
    for (const generation of next) found.add(generation)
  }
  return [...found]
}

/** The schemas that have held this log, from the one it is named after to the one that holds it now. */
export async function schemasOfLog(session: SqlSession, schema: SchemaName): Promise<readonly SchemaName[]> {
  const chain = [schema]
  for (let at = schema; ;) {
    const row = await replacementOf(session, at)
    if (row === undefined || row.replacedAt === null) return chain
    if (chain.includes(row.bySchema))
      throw new ConfigurationError(
        'schema',
        `the logs ${chain.join(', ')} name each other as their replacement`,
      )
    at = row.bySchema
    chain.push(at)
  }
}
