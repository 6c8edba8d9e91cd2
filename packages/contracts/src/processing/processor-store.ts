import type { Position } from '../values/position.ts'
import type { CarryOver } from './carry-over.ts'
import type { DeadLetterQueue, ParkedRecord } from './dead-letters.ts'
import type { AttemptResult, Delivery, DeliveryState, NewDelivery, RecordCopy } from './delivery.ts'
import type { Lease, LeaseAttempt } from './lease.ts'
import type { Page } from './page.ts'
import type { StateWrite } from './state-write.ts'

/** A record a processor could not handle. */
export interface NewParkedRecord {
  readonly recordId: string
  readonly position: Position
  /** Redacted, at most 500 characters. */
  readonly reason: string
  readonly record: RecordCopy
  /** The stream whose later records wait behind this one. @defaultValue none: the stream goes on */
  readonly holds?: string
  /** True for one that nobody tried: it waits behind an earlier one that holds its stream. @defaultValue false */
  readonly waiting?: boolean
}

/** Everything one handled batch changes, in one transaction. */
export interface Advance {
  /** The new checkpoint, a whole commit; the lease's current one when a parked record was handled again. */
  readonly checkpoint: Position
  /** Records handled, for the count in the status. */
  readonly records: number
  readonly writes: readonly StateWrite[]
  /** Already known ones (same id) are left as they are; see {@link AdvanceReceipt}. */
  readonly deliveries: readonly NewDelivery[]
  readonly parked: readonly NewParkedRecord[]
  /** Record ids of parked records that are handled now. */
  readonly unparked: readonly string[]
}

/** What an advance did. */
export interface AdvanceReceipt {
  /**
   * Of the deliveries with `startsNow`, the ids whose first attempt is the caller's to make: they are in flight under
   * this lease. A delivery that was known already is not among them, unless a repeat of this very advance made it so; nor is
   * an ordered one that has to wait for another.
   */
  readonly started: readonly string[]
}

/** What a settle changes, in one transaction. */
export interface Settlement {
  /**
   * A result whose attempt is not in flight (its number is not the one under way) changes nothing, so that a settle
   * whose answer was lost may be sent again.
   */
  readonly finished: readonly AttemptResult[]
  /** Ids of deliveries, not in flight, whose next attempt starts as soon as this is durable. */
  readonly starting: readonly string[]
}

/** Options of {@link ProcessorStore.due}. */
export interface DueOptions {
  /** 1 to 1000. */
  readonly limit: number
  /** Only these actions, so that the backlog of a slow one does not hide the others; at least one. */
  readonly actions: readonly string[]
}

/** Deliveries that may start now. */
export interface DueDeliveries {
  readonly deliveries: readonly Delivery[]
  /** Milliseconds until the next one of these actions not returned may start; undefined where there is none. */
  readonly nextInMs: number | undefined
}

/** What operators asked of a processor, possibly from another process. */
export interface ProcessorRequests {
  readonly processor: string
  readonly paused: boolean
  /** Who paused it; undefined while it is not paused. */
  readonly pausedBy: string | undefined
  /** Grows with every retry asked for, of a dead letter or of a parked record. */
  readonly retries: number
}

/** The registration of a processor. */
export interface ProcessorRegistration {
  readonly processor: string
  /** Fixed from the first registration on. */
  readonly partitions: number
  /** The log it reads, by name. */
  readonly log: string
  /** Where a new processor begins; ignored for a known one. */
  readonly start: Position
}

/** One partition of a processor, as stored. */
export interface PartitionStatus {
  readonly processor: string
  readonly partition: number
  readonly log: string
  readonly checkpoint: Position
  readonly epoch: number
  /** Undefined while nobody holds the lease. */
  readonly owner: string | undefined
  readonly paused: boolean
  readonly recordsHandled: number
  readonly lastError: string | undefined
  readonly updatedAt: Date
  /** Deliveries not ended yet. */
  readonly openDeliveries: number
  /** Milliseconds since the oldest of them was opened, by the store's clock; 0 where there is none. */
  readonly backlogAgeMs: number
  readonly parkedRecords: number
  readonly deadLetters: number
}

/** A page of deliveries, newest first. */
export interface ListDeliveriesOptions {
  readonly state?: DeliveryState
  readonly processor?: string
  /** From the previous page's `next`. */
  readonly cursor?: string
  /** 1 to 1000. @defaultValue 100 */
  readonly limit?: number
}

/**
 * Leases and checkpoints, and with {@link ProcessorStore.effects} the ledger of effects beside them. Every adapter passes
 * `processorStoreContract`, or `effectFreeStoreContract` where it keeps no effects.
 *
 * Methods that take a lease check its epoch as they write (in their own transaction, or by compare-and-set) and throw
 * {@link FencedError} once it has passed; then nothing was written. Time is the store's clock throughout.
 */
export interface ProcessorStore {
  /**
   * Whether an advance may carry writes, deliveries and parked records: true where they and the checkpoint share a
   * transaction. A store without effects holds leases and checkpoints only. It refuses every effect with
   * {@link NotSupportedError} before anything is written, has nothing to list, and a runtime on it runs processors that
   * have no actions and write to nothing of ours; a record they cannot handle holds its partition, as there is no place to
   * park it.
   */
  readonly effects: boolean
  /**
   * Makes a processor known, with one checkpoint a partition.
   * @throws {@link ConfigurationError} when it is known with another number of partitions or another log
   * @throws {@link LogReplacedError} when its checkpoint belongs to another generation than `start`
   */
  register(registration: ProcessorRegistration): Promise<void>
  /**
   * Takes every processor along from a log that was replaced to the one in its place, partition by partition: its
   * checkpoint, what is delivered and what is set aside. Whoever still handles the former log is refused from then on with
   * {@link LogReplacedError}. Safe to repeat, and to be called by several at once.
   * @defaultValue processors stay with the former log, and may not be registered with another
   */
  carryOver?(carryOver: CarryOver): Promise<void>
  /** Asks for a partition; takes over an expired lease under the next epoch. */
  acquire(
    partition: { readonly processor: string; readonly partition: number },
    options: AcquireOptions,
  ): Promise<LeaseAttempt>
  /** Extends the lease by `ttlMs` from now, also an expired one nobody took. @throws {@link FencedError} */
  renew(lease: Lease, ttlMs: number): Promise<void>
  /** Gives the lease back at once and fences its holder; nothing happens if it has passed on. */
  release(lease: Lease): Promise<void>
  /**
   * To be called once after `acquire`, before anything else: attempts an earlier epoch left in flight are recorded as
   * `unknown`; those of `deadLetterActions` become dead letters, the others may start again at once. An unknown attempt
   * counts as one, but a delivery that may start again has at least one of `attemptsLeft`.
   */
  recover(
    lease: Lease,
    options: { readonly deadLetterActions: readonly string[] },
  ): Promise<{ readonly unknown: number }>
  /**
   * Moves the checkpoint with everything the batch caused. Safe to repeat when its outcome is unknown (the connection
   * was lost during the commit): where the checkpoint was reached already and each of `unparked` is handled already,
   * nothing is written a second time.
   * @throws {@link FencedError}; {@link LogReplacedError} for another generation's checkpoint; {@link NotSupportedError} for
   * effects on a store that keeps none; a retryable error ({@link ConnectionError}, `StoreFullError`) when the database is
   * to blame; any other error when one of `writes` was refused
   */
  advance(lease: Lease, advance: Advance): Promise<AdvanceReceipt>
  /**
   * Records finished attempts and the start of others. Safe to repeat when its outcome is unknown: then no write is made twice.
   * @throws {@link FencedError}; a retryable error when the database is to blame; any other error when one of the `writes` was
   * refused: nothing of the settlement was recorded then
   */
  settle(lease: Lease, settlement: Settlement): Promise<void>
  /** Deliveries of this partition that are not in flight and may start now, oldest first; of an ordered key the first. */
  due(lease: Lease, options: DueOptions): Promise<DueDeliveries>
  /**
   * Parked records of this partition that are to be tried now: those whose retry was asked for, and of a stream that is
   * held, all of them in the order of the log if the first one's was asked for or it was never tried.
   */
  parkedToRetry(lease: Lease, limit: number): Promise<readonly ParkedRecord[]>
  /** The streams of this partition that a parked record holds; none on a store without effects. */
  heldStreams(lease: Lease): Promise<readonly string[]>
  /** Records that a retried parked record failed again; it stays parked with the new reason. */
  parkAgain(lease: Lease, recordId: string, reason: string): Promise<void>
  /** Remembers the last failure of a partition for its status. */
  reportError(lease: Lease, error: string): Promise<void>

  /** Paused processors release their leases and are granted none. False when there is no such processor. */
  setPaused(processor: string, change: { readonly paused: boolean; readonly by: string }): Promise<boolean>
  /** Of every known processor, in one cheap statement: a runtime asks twice a second by default. */
  requests(): Promise<readonly ProcessorRequests[]>
  status(): Promise<readonly PartitionStatus[]>
  listDeliveries(options?: ListDeliveriesOptions): Promise<Page<Delivery>>
  getDelivery(id: string): Promise<Delivery | undefined>
  /** All deliveries of one record, and of the parts of its split, oldest first, as far as the history is kept. */
  deliveriesOf(recordId: string): Promise<readonly Delivery[]>
  readonly deadLetters: DeadLetterQueue
}

/** Options of {@link ProcessorStore.acquire}. */
export interface AcquireOptions {
  readonly owner: string
  /** Milliseconds the lease outlives its last renewal. */
  readonly ttlMs: number
}
