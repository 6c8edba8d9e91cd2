import { ConfigurationError } from '@millrace/contracts'

declare const brand: unique symbol

/** An SQL schema's name, safe to stand in a statement without quotes. */
export type SchemaName = string & { readonly [brand]: 'SchemaName' }

/** The schema all tables live in unless told otherwise. */
export const defaultSchema: SchemaName = 'millrace' as SchemaName

/** @throws {@link ConfigurationError} unless `text` is `[a-z][a-z0-9_]*` of at most 40 bytes and not Postgres' own. */
export function parseSchemaName(text: string, setting = 'schema'): SchemaName {
  if (!/^[a-z][a-z0-9_]{0,39}$/.test(text) || text.startsWith('pg_') || text === 'information_schema')
    throw new ConfigurationError(
      setting,
      `must be [a-z][a-z0-9_]* of at most 40 bytes, not pg_..., is ${JSON.stringify(text)}`,
    )
  return text as SchemaName
}

/** Fills in `:schema` (psql's notation), but not the `::` of a cast. */
export function inSchema(sql: string, schema: SchemaName): string {
  return sql.replace(/(?<!:):schema\b/g, schema)
}
