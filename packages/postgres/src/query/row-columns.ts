import { ConfigurationError, InvalidValueError } from '@millrace/contracts'
import type { FieldType, RowFields } from '@millrace/contracts'

/** Where a field lies: a column's name, or an SQL expression over the table's columns. Comes from code, never from users. */
export type RowColumn = string | { readonly sql: string }

const namePattern = /^[a-z_][a-z0-9_]{0,62}$/

/** A table or view as it stands in a statement. @throws {@link ConfigurationError} */
export function quoteTable(table: string): string {
  const parts = table.split('.')
  if (parts.length > 2 || !parts.every((part) => namePattern.test(part)))
    throw new ConfigurationError(
      'table',
      'must be name or schema.name, each [a-z_][a-z0-9_]* of at most 63 bytes',
    )
  return parts.map((part) => `"${part}"`).join('.')
}

function expressionOf(field: string, column: RowColumn): string {
  if (typeof column === 'object') return `(${column.sql})`
  if (namePattern.test(column)) return `"${column}"`
  throw new ConfigurationError(`columns.${field}`, 'must be a column: [a-z_][a-z0-9_]* of at most 63 bytes')
}

const sqlTypes: Readonly<Record<FieldType, string>> = {
  text: 'text',
  integer: 'int8',
  number: 'float8',
  decimal: 'numeric',
  boolean: 'boolean',
  instant: 'timestamptz',
}

/** A field in statements. */
export interface FieldSql {
  /** As it is compared and ordered by. */
  readonly compared: string
  /** As it is read: text, number, boolean or Date. */
  readonly read: string
  /** Its exact text form. */
  readonly text: string
  /** The type a parameter is read as. */
  readonly type: string
}

/** The statements' side of a table's fields. */
export class RowColumns {
  readonly #columns: Readonly<Record<string, RowColumn>>

  constructor(columns: Readonly<Record<string, RowColumn>>) {
    this.#columns = columns
  }

  /** @throws {@link InvalidValueError} for a field that is none of the selection's: nothing else may reach a statement */
  of(fields: RowFields, field: string): FieldSql {
    const known = Object.hasOwn(fields, field) ? fields[field] : undefined
    if (known === undefined) throw new InvalidValueError(`field ${field}`, 'one of the selection')
    const column = Object.hasOwn(this.#columns, field) ? this.#columns[field] : undefined
    const expression = expressionOf(field, column ?? field)
    const type = sqlTypes[known.type]
    // A place is read as the field's type: rows are compared and ordered as that type too, or a `real` column would give
    // them out again. A cast to the column's own type is none, and costs no index.
    const typed = known.type === 'integer' || known.type === 'decimal' ? expression : `${expression}::${type}`
    // Text compares by bytes on every server, whatever the database's collation; numeric is read exactly, as text.
    const compared = known.type === 'text' ? `${typed} collate "C"` : typed
    const read = known.type === 'decimal' ? `${expression}::text` : `${expression}::${type}`
    return { compared, read, text: `${typed}::text`, type }
  }
}
