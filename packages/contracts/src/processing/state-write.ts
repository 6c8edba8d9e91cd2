/**
 * A write that happens in a transaction of the processor store, that of the checkpoint or of the end of a delivery: an SQL
 * statement with numbered parameters.
 */
export interface StateWrite {
  readonly statement: string
  readonly values: readonly unknown[]
}
