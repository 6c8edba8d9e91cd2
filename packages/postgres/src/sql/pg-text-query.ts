import pg from 'pg'
import type { ClientBase, QueryConfig } from 'pg'

import type { TextRow } from './sql-database.ts'

/** What pg hands to a query of its own kind; its types leave it out. */
interface DataRowMessage {
  readonly fields: TextRow
}

type Callback = (error: Error | null | undefined) => void

/** A query that keeps the rows as they came off the wire, without an object and a parser call for each column. */
class TextQuery extends (pg.Query as unknown as new (config: QueryConfig, callback: Callback) => pg.Query) {
  // Not `rows`: that is pg's name for the most rows to ask for.
  readonly textRows: TextRow[] = []

  handleDataRow({ fields }: DataRowMessage): void {
    this.textRows.push(fields)
  }
}

/** Runs one statement; the values of its rows stay text. */
export async function queryText(client: ClientBase, config: QueryConfig): Promise<readonly TextRow[]> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const query = new TextQuery(config, (error) => (error instanceof Error ? reject(error) : resolve()))
  client.query(query)
  await promise
  return query.textRows
}
