import { postgresRows } from '@millrace/postgres'
import type { SqlDatabase } from '@millrace/postgres'
import { defineQuery, openQuery } from '@millrace/query'
import type { CursorKeys, Query, RowOf } from '@millrace/query'

const fields = {
  book: 'text',
  number: 'integer',
  line: 'integer',
  date: 'text',
  text: 'text',
  account: 'text',
  currency: 'text',
  scale: 'integer',
  debit: 'decimal',
  credit: 'decimal',
  customer: { type: 'text', nullable: true },
  postedAt: 'instant',
} as const

/** What may be asked of the lines of entries: by book, account, day and side, in the order of the entries. */
export const statementQuery = defineQuery({
  name: 'statement',
  fields,
  key: ['book', 'number', 'line'],
})

/** A line of a statement. */
export type StatementLine = RowOf<typeof fields>
/** Statements of accounts, in pages. */
export type Statement = Query<typeof fields>

/** Opens statements over the read model of an app. */
export function openStatement({
  database,
  cursors,
}: {
  readonly database: SqlDatabase
  readonly cursors: CursorKeys
}): Statement {
  const rows = postgresRows({ database, table: 'postings', columns: { postedAt: 'posted_at' } })
  return openQuery(statementQuery, { rows, cursors })
}
