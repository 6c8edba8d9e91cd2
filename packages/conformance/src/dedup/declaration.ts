import type { Dedup } from '@millrace/contracts'

/** A store of foreign ids, as the adapter hands it to the suite. */
export interface DedupUnderTest extends AsyncDisposable {
  readonly dedup: Dedup
}

/** What an adapter says about itself before its store of foreign ids is put to the contract. */
export interface DedupDeclaration {
  /** Names the suite. */
  readonly name: string
  /** Opens the store under test, once for all cases; they use sources of their own. */
  readonly open: () => Promise<DedupUnderTest>
}
