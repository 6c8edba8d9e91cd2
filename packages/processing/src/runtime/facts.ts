import type { Position } from '@millrace/contracts'

/**
 * Where a partition stands in this process. `running`: it owns the lease and handles; `failing`: it cannot go on at
 * the moment and tries again by itself; `waiting-for-lease`: another process has it; `paused`: by an operator.
 */
export type PartitionState = 'running' | 'paused' | 'waiting-for-lease' | 'stopped' | 'failing'

/** What just became of a delivery. `deferred`: its destination could not be reached, nothing was counted. */
export type DeliveryChange =
  | 'opened'
  | 'started'
  | 'delivered'
  | 'retrying'
  | 'deferred'
  | 'dead'
  | 'cancelled'

interface PartitionRef {
  readonly processor: string
  readonly partition: number
}

/** A batch was handled and its checkpoint is durable. */
export interface ProcessorAdvanced extends PartitionRef {
  readonly kind: 'processor-advanced'
  readonly checkpoint: Position
  readonly records: number
}

/** A delivery changed, durably. */
export interface DeliveryChanged extends PartitionRef {
  readonly kind: 'delivery-changed'
  readonly id: string
  readonly action: string
  readonly recordId: string
  readonly change: DeliveryChange
  /** Number of the attempt that started or ended; undefined for `opened`. */
  readonly attempt: number | undefined
  /** Redacted; of a failed attempt. */
  readonly error: string | undefined
}

/** A record was parked, or a parked one was handled after all. */
export interface RecordParked extends PartitionRef {
  readonly kind: 'record-parked' | 'record-unparked'
  readonly recordId: string
  readonly reason: string | undefined
}

/** A record was passed over: no upcaster lifts it, and the store has no place to park it. */
export interface RecordSkipped extends PartitionRef {
  readonly kind: 'record-skipped'
  readonly recordId: string
  /** Redacted. */
  readonly reason: string
}

/** A partition's state in this process changed. */
export interface PartitionChanged extends PartitionRef {
  readonly kind: 'partition-changed'
  readonly state: PartitionState
}

/** A partition was taken over while attempts were under way; their outcome is unknown. */
export interface AttemptsUnknown extends PartitionRef {
  readonly kind: 'attempts-unknown'
  readonly count: number
}

/** The store refused a write of this process, whose lease had passed to another owner. */
export interface WriteRefused extends PartitionRef {
  readonly kind: 'write-refused'
  /** Of the lease under which it was tried. */
  readonly epoch: number
}

/** Something failed that is tried again. */
export interface ProblemSeen extends PartitionRef {
  readonly kind: 'problem'
  /** Redacted. */
  readonly error: string
}

/** A small fact for live pages and logs; nothing durable depends on it. */
export type ProcessingFact =
  | ProcessorAdvanced
  | DeliveryChanged
  | RecordParked
  | RecordSkipped
  | PartitionChanged
  | AttemptsUnknown
  | WriteRefused
  | ProblemSeen

/** Gets every fact, synchronously. */
export type FactListener = (fact: ProcessingFact) => void

/** Hands facts on to whoever listens. */
export class FactHub {
  readonly #listeners = new Set<FactListener>()

  /** Listens until the returned function is called. */
  add(listener: FactListener): () => void {
    // A wrapper of its own, so that one function may listen twice and stop once.
    const own: FactListener = (fact) => listener(fact)
    this.#listeners.add(own)
    return () => this.#listeners.delete(own)
  }

  /** A listener that throws is a defect of its own: it is told as a process warning and never reaches the runtime. */
  tell(fact: ProcessingFact): void {
    for (const listener of this.#listeners) {
      try {
        listener(fact)
      } catch (error) {
        process.emitWarning(error instanceof Error ? error : String(error), { code: 'MILLRACE_LISTENER' })
      }
    }
  }
}
