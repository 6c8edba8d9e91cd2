import type { Row, RowFields, RowSource } from '@millrace/contracts'

/** Where the suite puts its rows. */
export interface RowSourcesUnderTest extends AsyncDisposable {
  /** A source that holds exactly these rows; every call makes a new one. */
  readonly load: (fields: RowFields, rows: readonly Row[]) => Promise<RowSource>
}

/** What an adapter says about itself before its rows are put to the contract. */
export interface RowSourceDeclaration {
  /** Names the suite. */
  readonly name: string
  /** Opens what rows are loaded into, once for all cases. */
  readonly open: () => Promise<RowSourcesUnderTest>
}
