/** One promise of a port, checked against an opened adapter. Runs in any test runner; a broken promise throws. */
export interface ContractCase<Context> {
  /** A sentence about the domain. */
  readonly name: string
  readonly run: (context: Context) => Promise<void>
  /** Milliseconds the case may take, where the runner's own limit is too short. */
  readonly timeoutMs?: number
}
