import { InvalidCursorError } from '@millrace/contracts'
import type { FieldValue, PlacedRow, RowSelection, RowSource } from '@millrace/contracts'

import type { SqlDatabase } from '../sql/sql-database.ts'
import { hasSqlState } from '../sql/sql-error.ts'
import { quoteTable, RowColumns } from './row-columns.ts'
import type { RowColumn } from './row-columns.ts'
import { countStatement, selectStatement } from './row-statements.ts'

/** Settings of {@link postgresRows}. */
export interface PostgresRowsOptions {
  readonly database: SqlDatabase
  /** A table or view, as `name` or `schema.name`. */
  readonly table: string
  /** Where fields lie that have no column of their own name. @defaultValue each in the column of its name */
  readonly columns?: Readonly<Record<string, RowColumn>>
}

type SqlRow = Readonly<Record<string, FieldValue | null>>

// Text that is no number, no time, or out of range: only a cursor of another source can hold such a place.
const badPlace = ['22P02', '22007', '22008', '22003']

/**
 * Rows of a table or view. Statements hold names from code and numbered parameters, nothing a user sent. Texts compare
 * by code point; an index serves them where its column is `collate "C"`.
 * @throws {@link ConfigurationError} for a table or column name that is none
 */
export function postgresRows({ database, table, columns = {} }: PostgresRowsOptions): RowSource {
  const [name, fields] = [quoteTable(table), new RowColumns(columns)]
  return {
    select: async (selection) => {
      const { text, values } = selectStatement(name, fields, selection)
      try {
        const rows = await database.query<SqlRow>(text, values)
        return rows.map((row) => placedRow(row, selection))
      } catch (error) {
        if (selection.after === undefined || !badPlace.some((state) => hasSqlState(error, state))) throw error
        throw new InvalidCursorError('cursor: was made for other fields', { cause: error })
      }
    },
    count: async (selection) => {
      const { text, values } = countStatement(name, fields, selection)
      const [row] = await database.query<{ n: number }>(text, values)
      return row?.n ?? 0
    },
  }
}

function placedRow(row: SqlRow, { fields, order }: RowSelection): PlacedRow {
  return {
    row: Object.fromEntries(Object.keys(fields).map((field, i) => [field, row[`f${i}`] ?? null])),
    place: order.map((_, i) => (row[`p${i}`] as string | undefined) ?? null),
  }
}
