import type { Position } from '../values/position.ts'

/** The right to run one partition of a processor alone, until it expires by the store's clock. */
export interface Lease {
  readonly processor: string
  readonly partition: number
  /** The process that holds it, unique among all that ever ran. */
  readonly owner: string
  /** Grows with each takeover; every write carries it and is refused once it has passed. */
  readonly epoch: number
  /** Where the partition stood when the lease was granted. */
  readonly checkpoint: Position
}

/** The outcome of asking for a lease. */
export type LeaseAttempt =
  | {
      readonly kind: 'granted'
      readonly lease: Lease
      /** Another owner, whose lease had run out; left out where it was given back, or nobody had it. */
      readonly takenFrom?: string
    }
  | { readonly kind: 'busy'; readonly heldBy: string; readonly until: Date }
  | { readonly kind: 'paused' }
