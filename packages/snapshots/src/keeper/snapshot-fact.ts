import type { SnapshotFault, StreamId } from '@millrace/contracts'

interface Place {
  readonly streamId: StreamId
  /** What the states are called. */
  readonly name: string
}

/** What happened to snapshots; the material of metrics, alerts and logs. Holds nothing of a state. */
export type SnapshotFact =
  | (Place & { readonly kind: 'saved'; readonly version: number; readonly bytes: number })
  /** A load began with it. */
  | (Place & { readonly kind: 'used'; readonly version: number })
  | (Place & { readonly kind: 'pruned'; readonly count: number })
  /** It was of no use: the events were folded instead, and another one is taken. */
  | (Place & {
      readonly kind: 'invalid'
      readonly version: number | undefined
      readonly fault: SnapshotFault
      readonly reason: string
    })
  /** A state was not saved. */
  | (Place & {
      readonly kind: 'skipped'
      readonly version: number
      readonly reason: 'sealing' | 'not-serializable'
      readonly problem: string
    })
  /** The store did not answer, or a background save failed: nothing is lost but time. */
  | {
      readonly kind: 'unavailable'
      /** Undefined where no single stream is meant. */
      readonly streamId: StreamId | undefined
      readonly name: string
      readonly error: unknown
    }

/** How often each fact was told. */
export type SnapshotCounts = Readonly<Record<SnapshotFact['kind'], number>>

/** Counts facts and hands them on. */
export class FactTeller {
  readonly #counts: Record<SnapshotFact['kind'], number> = {
    saved: 0,
    used: 0,
    pruned: 0,
    invalid: 0,
    skipped: 0,
    unavailable: 0,
  }
  readonly #listener: ((fact: SnapshotFact) => void) | undefined

  constructor(listener: ((fact: SnapshotFact) => void) | undefined) {
    this.#listener = listener
  }

  get counts(): SnapshotCounts {
    return { ...this.#counts }
  }

  tell(fact: SnapshotFact): void {
    this.#counts[fact.kind] += fact.kind === 'pruned' ? fact.count : 1
    this.#listener?.(fact)
  }
}
