import type { SearchStore } from '@millrace/contracts'

/** An engine for search, as the adapter hands it to the suite. */
export interface SearchStoreUnderTest extends AsyncDisposable {
  readonly store: SearchStore
}

/** What an adapter says about itself before its search indices are put to the contract. */
export interface SearchIndexDeclaration {
  /** Names the suite. */
  readonly name: string
  /** Opens the engine under test, once for all cases; they leave indices of their own behind. */
  readonly open: () => Promise<SearchStoreUnderTest>
}
