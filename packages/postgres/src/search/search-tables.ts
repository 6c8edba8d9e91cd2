import type { SearchDefinition, SearchField } from '@millrace/contracts'

import type { SqlTransaction } from '../sql/sql-database.ts'

/** A field's column, as it stands in a statement. */
export function fieldColumn(name: string): string {
  return `"f_${name}"`
}

/** The column of a text field's own words, for queries in some fields only. */
export function wordsColumn(name: string): string {
  return `"w_${name}"`
}

// Dates are epoch milliseconds: a Date has years that Postgres writes otherwise.
const types = {
  text: 'text collate "C"',
  keyword: 'text collate "C"',
  whole: 'bigint',
  number: 'double precision',
  boolean: 'boolean',
  date: 'bigint',
} as const satisfies Record<SearchField['kind'], string>

/** The type that values of a kind are given and compared as. */
export const valueTypes: Readonly<Record<SearchField['kind'], string>> = {
  text: 'text',
  keyword: 'text',
  whole: 'bigint',
  number: 'double precision',
  boolean: 'boolean',
  date: 'bigint',
}

/** The names of the text fields. */
export function textFields({ fields }: SearchDefinition): readonly string[] {
  return Object.entries(fields).flatMap(([name, { kind }]) => (kind === 'text' ? [name] : []))
}

function columnOf([name, { kind, list = false }]: readonly [string, SearchField]): string {
  return `${fieldColumn(name)} ${list ? 'text[] collate "C"' : types[kind]}`
}

/** Creates the table of a build's documents, with an index for each field that is compared. */
export async function createDocuments(
  tx: SqlTransaction,
  definition: SearchDefinition,
  table: string,
): Promise<void> {
  const fields = Object.entries(definition.fields)
  const own = textFields(definition).map((name) => `${wordsColumn(name)} tsvector`)
  const columns = [
    'id text collate "C" primary key',
    'version bigint not null',
    'deleted_at timestamptz',
    'words tsvector',
    'payload jsonb',
    ...fields.map(columnOf),
    ...own,
  ]
  await tx.execute(`create table ${table} (${columns.join(', ')})`)
  await tx.execute(`create index on ${table} using gin (words)`)
  await tx.execute(`create index on ${table} using gin (payload jsonb_path_ops)`)
  await tx.execute(`create index on ${table} (version)`)
  await tx.execute(`create index on ${table} (deleted_at) where deleted_at is not null`)
  for (const [name, { kind, list = false }] of fields)
    if (kind !== 'text' && kind !== 'boolean')
      await tx.execute(`create index on ${table} using ${list ? 'gin' : 'btree'} (${fieldColumn(name)})`)
}
