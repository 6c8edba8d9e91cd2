import type { Cache } from '@millrace/contracts'

/** A cache, as the adapter hands it to the suite. */
export interface CacheUnderTest extends AsyncDisposable {
  readonly cache: Cache
  /** The same values as another process has them; undefined for a cache of one process. */
  readonly elsewhere?: Cache
}

/** What an adapter says about itself before its cache is put to the contract. */
export interface CacheDeclaration {
  /** Names the suite. */
  readonly name: string
  /** Opens the cache under test, once for all cases; they use keys of their own. */
  readonly open: () => Promise<CacheUnderTest>
}
