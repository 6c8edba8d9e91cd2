import type { Position } from '../values/position.ts'
import type { StateWrite } from './state-write.ts'

/**
 * Where a delivery stands. `open`: waiting for its first attempt, or in it. `retrying`: waiting for its next attempt,
 * or in it. `unknown`: the owner crashed during an attempt, so that it may or may not have happened. The other three
 * are ends.
 */
export type DeliveryState = 'open' | 'retrying' | 'unknown' | 'delivered' | 'dead' | 'cancelled'

/** One try of a delivery. */
export interface Attempt {
  /** From 1, growing over the delivery's whole life. */
  readonly number: number
  readonly startedAt: Date
  /** Milliseconds; undefined for an unknown outcome. */
  readonly durationMs: number | undefined
  readonly outcome: 'delivered' | 'failed' | 'unknown'
  /** Of the answer, where the sink speaks HTTP. */
  readonly statusCode?: number
  /** Redacted, at most 500 characters. */
  readonly error?: string
}

/** What a handler asks for: one action for one record. */
export interface NewDelivery {
  /** See {@link deliveryId}. */
  readonly id: string
  readonly action: string
  readonly recordId: string
  /** Where the record lies; the delivery is rendered from it at each attempt. */
  readonly position: Position
  /** The stream or row key, for {@link NewDelivery.ordered}. */
  readonly key: string
  /**
   * True where it is tried only once every ordered delivery of its processor, partition, action and key that was opened
   * before it has ended. @defaultValue false
   */
  readonly ordered?: boolean
  /**
   * Of ordered deliveries: true where those behind it wait on when it ends as a dead letter, until that is delivered after all
   * or removed. @defaultValue false: they go on
   */
  readonly holds?: boolean
  readonly maxAttempts: number
  /** True when its first attempt starts as soon as the row is durable: a crash then leaves it `unknown`. */
  readonly startsNow: boolean
}

/** One event x processor x action. */
export interface Delivery {
  /** Also the idempotency key of every attempt. */
  readonly id: string
  readonly processor: string
  readonly partition: number
  readonly action: string
  readonly recordId: string
  readonly position: Position
  readonly key: string
  readonly state: DeliveryState
  /** True while an attempt is under way. */
  readonly inFlight: boolean
  readonly attempts: readonly Attempt[]
  /** Attempts that may still start, the one in flight not among them; a retry by hand grants one. */
  readonly attemptsLeft: number
  readonly openedAt: Date
  /** When the next attempt may start; undefined once it has ended. */
  readonly nextAttemptAt: Date | undefined
  readonly endedAt: Date | undefined
}

/** `<record id>:<processor>:<action>`: one delivery for each, however often the record is handled. */
export function deliveryId(recordId: string, processor: string, action: string): string {
  return `${recordId}:${processor}:${action}`
}

/** What becomes of a delivery after an attempt. */
export type DeliveryVerdict =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'retry'; readonly delayMs: number }
  /** The destination could not be reached: state and attempts stay as they were, only `nextAttemptAt` moves. */
  | { readonly kind: 'defer'; readonly delayMs: number }
  | { readonly kind: 'dead'; readonly reason: string; readonly record: RecordCopy | undefined }
  | { readonly kind: 'cancelled'; readonly reason: string }

/** A finished attempt and its consequence. */
export interface AttemptResult {
  readonly deliveryId: string
  readonly attempt: Attempt
  readonly verdict: DeliveryVerdict
  /** What a delivered one writes in the transaction that records its end: with it or not at all. @defaultValue nothing */
  readonly writes?: readonly StateWrite[]
}

/** A record as it was when it was set aside. */
export interface RecordCopy {
  readonly contentType: string
  readonly payload: string | Uint8Array
  /** The type, stream, version and metadata, for people. */
  readonly description: Readonly<Record<string, string | number>>
  /** The person or other subject the data is about, where known, so that it can be erased. */
  readonly subject: string | undefined
}
