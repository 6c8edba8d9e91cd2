import pg from 'pg'
import type { ClientBase, QueryConfig } from 'pg'

import type { TextRow } from './sql-database.ts'

/** What pg hands to a query of its own kind; its types leave it out. */
interface DataRowMessage {
  readonly fields: TextRow
}

type Callback = (error: Error | null | undefined) => void

interface InnerQuery extends pg.Query {
  /** Sends parse (once), bind, describe, execute and sync. */
  prepare(connection: object): void
}

const InnerQuery = pg.Query as unknown as new (config: QueryConfig, callback: Callback) => InnerQuery

const undescribed = new WeakMap<object, object>()

/** The connection, but without a voice for asking what columns a result has. */
function withoutDescribe(connection: object): object {
  const known = undescribed.get(connection)
  if (known !== undefined) return known
  const silent = Object.create(connection, { describe: { value: () => undefined } }) as object
  undescribed.set(connection, silent)
  return silent
}

/**
 * A query that keeps the rows as they came off the wire, without an object and a parser call for each column. What
 * the columns are its caller knows: the server is not asked to describe them, which costs both ends more than a row.
 */
class TextQuery extends InnerQuery {
  // Not `rows`: that is pg's name for the most rows to ask for.
  readonly textRows: TextRow[] = []

  override prepare(connection: object): void {
    super.prepare(withoutDescribe(connection))
  }

  /** Comes for a text without parameters, which is sent as it is. */
  handleRowDescription(): void {}

  handleDataRow({ fields }: DataRowMessage): void {
    this.textRows.push(fields)
  }

  handleCommandComplete(): void {}
}

/** Runs one statement; the values of its rows stay text. */
export function queryText(client: ClientBase, config: QueryConfig): Promise<readonly TextRow[]> {
  return new Promise((resolve, reject) => {
    const query = new TextQuery(config, (error) =>
      error instanceof Error ? reject(error) : resolve(query.textRows),
    )
    client.query(query)
  })
}
