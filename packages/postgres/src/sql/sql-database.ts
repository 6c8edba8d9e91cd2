/**
 * The small query port both drivers, `pg` and PGlite, stand behind.
 *
 * Values out, on both alike: int2/int4/float as number, int8 as number (an unsafe integer is an error), bool as boolean,
 * text and json/jsonb as text byte for byte, timestamptz as Date, bytea as Uint8Array, text[]/int[]/bigint[] as arrays.
 * Values in: the same, with arrays for array parameters and text for json.
 */
export interface SqlSession {
  /** Runs one statement with numbered parameters (`$1`). A constant text is prepared once per connection. */
  query<Row extends object>(text: string, values?: readonly unknown[]): Promise<readonly Row[]>
  /** Like {@link SqlSession.query}; the number of rows affected. */
  execute(text: string, values?: readonly unknown[]): Promise<number>
}

/** A handle that is valid until its transaction's work settles. */
export interface SqlTransaction extends SqlSession {
  readonly kind: 'transaction'
  /** Runs a script of several statements without parameters. */
  script(text: string): Promise<void>
}

/** A row's columns in the order of the statement. */
export type TextRow = readonly (string | null)[]

/** One database; owns its connections. */
export interface SqlDatabase extends SqlSession, AsyncDisposable {
  readonly kind: 'pg' | 'pglite'
  /** Several processes may have it open at once. */
  readonly shared: boolean
  /** Rows as lists of the values' text form, NULL as null: for reads that build their own objects from many rows. */
  queryText(text: string, values?: readonly unknown[]): Promise<readonly TextRow[]>
  /**
   * Runs the work in one READ COMMITTED transaction: commits when it resolves, rolls back when it rejects. The work gets
   * its handle and must use no other: using the database itself inside is `TransactionReentryError`.
   */
  transaction<T>(work: (tx: SqlTransaction) => Promise<T>): Promise<T>
  /** Runs a script of several statements without parameters, outside of any transaction of ours. */
  script(text: string): Promise<void>
  /** Calls back for every NOTIFY on the channel until disposed; reconnects by itself. */
  listen(channel: string, onNotify: (payload: string) => void): Promise<AsyncDisposable>
}
