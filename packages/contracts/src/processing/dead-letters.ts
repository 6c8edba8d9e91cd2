import type { Position } from '../values/position.ts'
import type { Attempt, RecordCopy } from './delivery.ts'
import type { Page } from './page.ts'

/** A parked record, with what was kept of it. */
export interface ParkedRecord {
  readonly kind: 'parked'
  /** `<record id>:<processor>`. */
  readonly id: string
  readonly processor: string
  readonly partition: number
  readonly recordId: string
  readonly position: Position
  readonly reason: string
  readonly record: RecordCopy
  readonly setAsideAt: Date
  /** How often it was tried, the first time included. */
  readonly tries: number
  readonly retryRequested: boolean
  /** The stream whose later records wait behind this one. */
  readonly holds: string | undefined
  /** True for one that nobody tried: it waits behind an earlier one of its stream. */
  readonly waiting: boolean
  readonly history: readonly OperatorAction[]
}

/** A delivery that ended without success, with everything needed to judge and repeat it. */
export interface DeadLetter {
  readonly kind: 'delivery'
  /** The delivery's id. */
  readonly id: string
  readonly processor: string
  readonly partition: number
  readonly recordId: string
  readonly position: Position
  readonly action: string
  readonly reason: string
  readonly record: RecordCopy | undefined
  readonly attempts: readonly Attempt[]
  readonly setAsideAt: Date
  readonly history: readonly OperatorAction[]
}

/** What somebody did to a dead letter or parked record. */
export interface OperatorAction {
  readonly action: 'retry' | 'remove'
  readonly by: string
  readonly at: Date
}

/** Narrowing of {@link DeadLetterQueue.list}. */
export interface ListDeadLettersOptions {
  readonly kind?: 'delivery' | 'parked'
  readonly processor?: string
  /** Of a delivery: no parked record has one. */
  readonly action?: string
  readonly cursor?: string
  /** 1 to 1000. @defaultValue 100 */
  readonly limit?: number
}

/** One line of the history of dead letters and parked records, those that are no more among them. */
export interface DeadLetterAction extends OperatorAction {
  /** Of the dead letter or parked record. */
  readonly id: string
}

/** Narrowing of {@link DeadLetterQueue.history}. */
export interface DeadLetterHistoryOptions {
  readonly id?: string
  readonly cursor?: string
  /** 1 to 1000. @defaultValue 100 */
  readonly limit?: number
}

/** The parked record that holds a stream: what an operator has to retry or remove before the stream goes on. */
export type HoldingRecord = Pick<
  ParkedRecord,
  'id' | 'recordId' | 'position' | 'reason' | 'setAsideAt' | 'tries' | 'retryRequested'
>

/** A stream that does not go on in one processor, because one of its records was parked. */
export interface HeldStream {
  readonly processor: string
  readonly partition: number
  readonly stream: string
  /** Its parked records: the one that holds it, and those that wait behind it. */
  readonly records: number
  readonly first: HoldingRecord
}

/** The streams that a processor does not go on with. */
export interface HeldStreams {
  /** How many there are; `streams` may be fewer. */
  readonly count: number
  /** In the order in which their first parked records lie in the log. */
  readonly streams: readonly HeldStream[]
}

/** A key whose deliveries of one action wait, because one of them died and holds it. */
export interface HeldKey {
  readonly partition: number
  readonly action: string
  readonly key: string
  /** The dead letter: what an operator has to retry or remove before the others go on. */
  readonly deadLetter: string
  readonly reason: string
  readonly since: Date
  /** Deliveries that wait behind it. */
  readonly waiting: number
}

/** The keys of a processor that dead letters hold. */
export interface HeldKeys {
  /** How many there are; `keys` may be fewer. */
  readonly count: number
  /** In the order in which their dead letters were opened. */
  readonly keys: readonly HeldKey[]
}

/** Dead letters and parked records, which operators treat alike. */
export interface DeadLetterQueue {
  /** Oldest first. */
  list(options?: ListDeadLettersOptions): Promise<Page<DeadLetter | ParkedRecord>>
  get(id: string): Promise<DeadLetter | ParkedRecord | undefined>
  /** What was set aside of one record, of the parts of its split too, oldest first. */
  ofRecord(recordId: string): Promise<readonly (DeadLetter | ParkedRecord)[]>
  /** What operators retried and removed, newest first; kept when the thing itself is gone. */
  history(options?: DeadLetterHistoryOptions): Promise<Page<DeadLetterAction>>
  /** The streams that parked records of a processor hold, at most `limit` (1 to 1000) of them. */
  held(processor: string, limit: number): Promise<HeldStreams>
  /** The keys that dead letters of a processor hold, at most `limit` (1 to 1000) of them; see `NewDelivery.holds`. */
  heldKeys(processor: string, limit: number): Promise<HeldKeys>
  /**
   * Asks for one more try of this one action or record, and of nothing else. A dead letter becomes a delivery with
   * one attempt left, and comes back if that fails; one that holds its key goes on holding it until it is delivered. Of two
   * calls at once for it one is true. A parked record stays
   * listed until it is handled; asking again before that changes nothing and is true. False when there is no such id.
   */
  retry(id: string, by: string): Promise<boolean>
  /** Removes it for good; who did so is kept in the operator log. False when there is no such id. */
  remove(id: string, by: string): Promise<boolean>
}
