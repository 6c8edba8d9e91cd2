import type { LockDriver } from '@millrace/contracts'

import type { ContractCase } from '../suite/contract-case.ts'
import type { RaceSettings, RaceReport } from './race.ts'

/** What the cases of a lock driver work with. */
export interface LockContext {
  readonly driver: LockDriver
  /** Runs a race in four processes, or in four tasks where the locks are of one process. */
  readonly race: (settings: RaceSettings) => Promise<readonly RaceReport[]>
}

/** One promise of a lock driver. */
export type LockDriverCase = ContractCase<LockContext>
