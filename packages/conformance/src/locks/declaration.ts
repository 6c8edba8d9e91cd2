import type { LockDriver } from '@millrace/contracts'

import type { LaneOpener } from '../lanes/declaration.ts'

/** A lock driver, as the adapter hands it to the suite. */
export interface LockDriverUnderTest extends AsyncDisposable {
  readonly driver: LockDriver
}

/** What an adapter says about itself before its locks are put to the contract. */
export interface LockDriverDeclaration {
  /** Names the suite. */
  readonly name: string
  /** Opens the driver under test, once for all cases; they use names of their own. */
  readonly open: () => Promise<LockDriverUnderTest>
  /**
   * Opens the same locks in another process: `(argument) => Promise<LockDriverUnderTest>`. Undefined where they are of one
   * process only; the race then runs between tasks of this one.
   */
  readonly elsewhere?: LaneOpener
}
