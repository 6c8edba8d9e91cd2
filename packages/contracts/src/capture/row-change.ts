/** What happened to a row; `truncated` to all rows of a table at once. */
export type RowOperation = 'inserted' | 'updated' | 'deleted' | 'truncated' | 'rekeyed'

/** What every change of a captured table has. */
interface RowChangeBase {
  /** What the log calls the table. */
  readonly table: string
  /** The transaction that made the change: changes of one transaction share it. */
  readonly transaction: string
  /** The partition that was written to by its own name; absent where the table itself was. */
  readonly part?: string
}

/** A row that is there now. */
export interface RowInserted<Row> extends RowChangeBase {
  readonly operation: 'inserted'
  /** The primary key as text; a composite one as a JSON array of texts. */
  readonly key: string
  readonly old: null
  readonly new: Row
  readonly changed: readonly []
}

/** A row whose primary key stayed as it is. */
export interface RowUpdated<Row> extends RowChangeBase {
  readonly operation: 'updated'
  readonly key: string
  readonly old: Row
  readonly new: Row
  /** The columns whose stored value is another; empty where a write changed nothing, or only what is excluded. */
  readonly changed: readonly (keyof Row & string)[]
}

/** A row that is gone. */
export interface RowDeleted<Row> extends RowChangeBase {
  readonly operation: 'deleted'
  readonly key: string
  readonly old: Row
  readonly new: null
  readonly changed: readonly []
}

/** A row whose primary key is another now. It lies in the stream of the old key, behind what happened to the row before. */
export interface RowRekeyed<Row> extends RowChangeBase {
  readonly operation: 'rekeyed'
  /** The old key. */
  readonly key: string
  readonly newKey: string
  readonly old: Row
  readonly new: Row
  readonly changed: readonly (keyof Row & string)[]
}

/** All rows are gone; which they were is not recorded. */
export interface TableTruncated extends RowChangeBase {
  readonly operation: 'truncated'
  readonly key: null
  readonly old: null
  readonly new: null
  readonly changed: readonly []
}

/** The data of a record of a change log. */
export type RowChange<Row> =
  | RowInserted<Row>
  | RowUpdated<Row>
  | RowDeleted<Row>
  | RowRekeyed<Row>
  | TableTruncated
