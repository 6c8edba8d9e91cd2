import type { SubjectKeyStore } from '@millrace/contracts'

/** A key store, as the adapter hands it to the suite. */
export interface SubjectKeysUnderTest extends AsyncDisposable {
  readonly keys: SubjectKeyStore
}

/** What an adapter says about itself before its key store is put to the contract. */
export interface SubjectKeysDeclaration {
  /** Names the suite. */
  readonly name: string
  /** Opens the store under test, once for all cases; they use subjects of their own. */
  readonly open: () => Promise<SubjectKeysUnderTest>
}
