import type { ProcessorStore, StateWrite } from '@millrace/contracts'

/** A processor store, as the adapter hands it to the suite; its `effects` is false. */
export interface EffectFreeStoreUnderTest extends AsyncDisposable {
  readonly store: ProcessorStore
}

/** A processor store with effects and a table beside it, as the adapter hands them to the suite. */
export interface ProcessorStoreUnderTest extends EffectFreeStoreUnderTest {
  /** A write that sets a key of a table of the test's own, over what it held. */
  readonly set: (key: string, value: string) => StateWrite
  /** A write the database refuses when it is run. */
  readonly failing: StateWrite
  /** What a committed write set last. */
  readonly get: (key: string) => Promise<string | undefined>
}

/** What an adapter says about itself before its processor store is put to the contract. */
export interface ProcessorStoreDeclaration<UnderTest = ProcessorStoreUnderTest> {
  /** Names the suite. */
  readonly name: string
  /** Opens the store under test, once for all cases; they use processors of their own. */
  readonly open: () => Promise<UnderTest>
}
