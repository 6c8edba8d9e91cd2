import { buildTable, ConfigurationError, InvalidValueError } from '@millrace/contracts'
import type { ProjectionBuild } from '@millrace/contracts'

import type { SchemaName } from '../sql/schema-name.ts'
import type { SqlSession } from '../sql/sql-database.ts'

/**
 * A name of ours in a statement, which may be a word of SQL.
 * @throws {@link InvalidValueError} for what is not `[a-z][a-z0-9_]*`
 */
export function inModel(schema: SchemaName, name: string): string {
  // Names of definitions were checked; this is for whoever hands some other object in.
  if (!/^[a-z][a-z0-9_]{0,62}$/.test(name))
    throw new InvalidValueError('projection', 'a name: [a-z][a-z0-9_]*, at most 63 characters')
  return `"${schema}"."${name}"`
}

/** The physical name of a build's table, as it stands in a statement. */
export function physical(
  schema: SchemaName,
  table: string,
  build: Pick<ProjectionBuild, 'version' | 'run'>,
): string {
  return inModel(schema, buildTable(table, build))
}

/** Fills in `:name` for each of the build's tables, but not the `::` of a cast or what follows a word (`a:name`). */
export function fillTables(
  schema: SchemaName,
  build: Pick<ProjectionBuild, 'version' | 'run' | 'tables'>,
  statement: string,
): string {
  return statement.replace(/(?<![:\w]):([a-z][a-z0-9_]*)\b/g, (placeholder, name: string) =>
    build.tables.includes(name) ? physical(schema, name, build) : placeholder,
  )
}

const readKind = `
  select relkind::text as kind from pg_class
  where relnamespace = to_regnamespace($1) and relname = $2`

/** @throws {@link ConfigurationError} where the name under which a model is to be read is taken by something else */
export async function assertNameFree(session: SqlSession, schema: SchemaName, table: string): Promise<void> {
  const [found] = await session.query<{ kind: string }>(readKind, [schema, table])
  if (found !== undefined && found.kind !== 'v')
    throw new ConfigurationError(
      'projections',
      `${schema}.${table} is to be a view of a projection, but there is something else of that name`,
    )
}
