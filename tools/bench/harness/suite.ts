import type { Contest } from './contest.ts'

/** Settings of a run that its contests must know. */
export interface SuiteOptions {
  /** As little work as shows that everything runs. */
  readonly quick: boolean
  /** Ends what takes long. */
  readonly signal: AbortSignal
}

/** The contests of a suite with the servers they share. */
interface OpenSuite extends AsyncDisposable {
  readonly contests: readonly Contest[]
}

/** A suite of benchmarks. */
export interface Suite {
  readonly name: string
  /** One line for the usage. */
  readonly about: string
  /** Cheap: servers start when the first contest that needs them opens. */
  readonly open: (options: SuiteOptions) => OpenSuite
}
