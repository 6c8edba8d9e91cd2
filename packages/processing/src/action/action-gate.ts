/**
 * A limit that attempts of several actions share, of several processors too: how many may be under way at one destination,
 * how many a second, none at all while it is known to be away. A delivery that gets no place waits in the ledger and costs
 * nothing.
 */
export interface ActionGate {
  /** Places that can be had right now. */
  readonly free: number
  /** Takes a place; false where there is none. A taken place is given back, whether an attempt was made or not. */
  take(): boolean
  giveBack(): void
  /** Calls back whenever a place may have become free, until the returned function is called. */
  onFree(tell: () => void): () => void
}
