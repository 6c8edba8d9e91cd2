import type { EventMetadata, JsonValue } from '@millrace/contracts'

import type { ComponentView } from '../health/component.ts'
import type { DestinationView } from './observer-views.ts'

/** A recorded event as operators see it: plain JSON, dates as ISO 8601, the position as text. */
export interface EventView {
  readonly id: string
  readonly streamId: string
  readonly type: string
  readonly schemaVersion: number
  readonly version: number
  /** `<generation>:<commit>:<index>`; where a tail may resume. */
  readonly position: string
  readonly commitId: string
  readonly occurredAt: string
  readonly recordedAt: string
  readonly metadata: EventMetadata
  readonly tags: readonly string[]
  /** Set where an upcaster split one stored event; the parts share version and position. */
  readonly part?: { readonly index: number; readonly count: number }
  /** Decoded; bigint, Date and bytes as `{"$bigint":"…"}`, `{"$date":"…"}`, `{"$bytes":"…"}`. Raw where `problem` is set. */
  readonly data: JsonValue
  /** Why the event could not be decoded. */
  readonly problem?: string
}

/** One stream. */
export interface StreamView {
  readonly id: string
  readonly category: string
  readonly version: number
  readonly createdAt: string
  readonly updatedAt: string
  /** Null unless the stream was tombstoned. */
  readonly tombstonedAt: string | null
}

/** How far a processor is behind. */
export interface LagView {
  /** Records after the checkpoint: exact up to 100,000, an estimate above. */
  readonly records: number
  /** Age of the oldest record not handled yet, in seconds; 0 at the head. */
  readonly seconds: number
}

/** One partition of a processor. */
export interface PartitionView {
  readonly partition: number
  readonly checkpoint: string
  readonly epoch: number
  /** The process that holds the lease; null while nobody does. */
  readonly owner: string | null
  readonly lag: LagView
  readonly recordsHandled: number
  readonly openDeliveries: number
  readonly deadLetters: number
  readonly parkedRecords: number
  readonly lastError: string | null
  readonly updatedAt: string
}

/** One processor, its partitions summed up. */
export interface ProcessorView {
  readonly name: string
  readonly log: string
  /**
   * `failing`: this process runs it and cannot go on at the moment; it tries again by itself. `stopped`: at least one
   * partition has no owner although the processor is not paused.
   */
  readonly state: 'running' | 'failing' | 'paused' | 'stopped'
  /** The partition furthest behind. */
  readonly lag: LagView
  readonly recordsHandled: number
  readonly openDeliveries: number
  readonly deadLetters: number
  readonly parkedRecords: number
  /** The last one, also when things go well since. */
  readonly lastError: string | null
  /** Keys whose deliveries wait behind a dead letter; absent where there are none. */
  readonly heldKeys?: HeldKeysView
  readonly partitions: readonly PartitionView[]
}

/** Keys whose deliveries of one action wait until a dead letter is delivered after all, or removed. */
export interface HeldKeysView {
  /** How many there are; `keys` may be fewer. */
  readonly count: number
  readonly keys: readonly HeldKeyView[]
}

/** One of them. */
export interface HeldKeyView {
  readonly action: string
  readonly key: string
  /** The id of the dead letter. */
  readonly deadLetter: string
  readonly reason: string
  readonly since: string
  /** Deliveries that wait behind it. */
  readonly waiting: number
}

/** One attempt of a delivery. */
export interface AttemptView {
  readonly number: number
  readonly startedAt: string
  readonly durationMs: number | null
  readonly outcome: 'delivered' | 'failed' | 'unknown'
  readonly statusCode: number | null
  readonly error: string | null
}

/** One delivery. */
export interface DeliveryView {
  readonly id: string
  readonly processor: string
  readonly partition: number
  readonly action: string
  readonly recordId: string
  readonly position: string
  readonly key: string
  readonly state: 'open' | 'retrying' | 'unknown' | 'delivered' | 'dead' | 'cancelled'
  readonly inFlight: boolean
  readonly attempts: readonly AttemptView[]
  readonly attemptsLeft: number
  readonly openedAt: string
  readonly nextAttemptAt: string | null
  readonly endedAt: string | null
}

/** A record as it was when it was set aside. */
export interface RecordView {
  readonly description: Readonly<Record<string, string | number>>
  readonly contentType: string
  /** JSON where the payload is JSON, else its text; base64 for bytes. */
  readonly data: JsonValue
  readonly subject: string | null
}

/** What somebody did to a dead letter. */
export interface OperatorActionView {
  readonly action: 'retry' | 'remove'
  readonly by: string
  readonly at: string
}

/** One line of the history of dead letters and parked records, those that are no more among them. */
export interface DeadLetterActionView extends OperatorActionView {
  /** Of the dead letter or parked record. */
  readonly id: string
}

/** A dead letter (`kind: 'delivery'`) or a parked record (`kind: 'parked'`). */
export interface DeadLetterView {
  readonly kind: 'delivery' | 'parked'
  readonly id: string
  readonly processor: string
  readonly partition: number
  /** Null for a parked record. */
  readonly action: string | null
  readonly recordId: string
  readonly position: string
  readonly reason: string
  readonly setAsideAt: string
  /** Every attempt of a delivery; empty for a parked record, which counts its tries. */
  readonly attempts: readonly AttemptView[]
  readonly tries: number
  readonly retryRequested: boolean
  readonly record: RecordView | null
  readonly history: readonly OperatorActionView[]
}

/** What became of a retry, as far as it is known when it is answered. */
export interface RetryView {
  readonly id: string
  /**
   * `delivered`: the action succeeded, or the parked record was handled. `failed`: tried again and set aside again.
   * `waiting`: asked for, but not tried (or not finished) before the deadline; `reason` says why.
   */
  readonly outcome: 'delivered' | 'failed' | 'waiting'
  readonly reason: string | null
  readonly attempts: number
}

/** One further copy of the events, on another server of a cluster. */
export interface ReplicaView {
  readonly name: string
  /** It has everything that was written. */
  readonly current: boolean
  /** Writes it has yet to take. */
  readonly lag: number
}

/** How the JetStream stream of the events does. */
export interface JetStreamView {
  /** The server this process is connected to, and its version. */
  readonly server: string
  readonly version: string
  readonly roundTripMs: number
  /** The server that takes the writes; null where there is no cluster. */
  readonly leader: string | null
  readonly replicas: readonly ReplicaView[]
  readonly messages: number
  readonly bytes: number
  /** The most bytes it may take; null for no limit. */
  readonly maxBytes: number | null
  /** Of the oldest and the newest message. */
  readonly firstSequence: number
  readonly lastSequence: number
  readonly consumers: number
}

/** One consumer of the JetStream stream of the events. */
export interface ConsumerView {
  readonly name: string
  /**
   * `active`: somebody waits for messages. `idle`: nobody does at the moment. `gone`: nobody will any more. `foreign`: not
   * opened by a store of ours.
   */
  readonly state: 'active' | 'idle' | 'gone' | 'foreign'
  /** `<host>:<process id>`; null for a foreign one. */
  readonly owner: string | null
  /** `log`, `read`, `lag` or `erasure`; null for a foreign one. */
  readonly purpose: string | null
  readonly createdAt: string
  readonly ageSeconds: number
  /** When it last delivered a message; null when it never did. */
  readonly lastActiveAt: string | null
  /** Messages it has yet to deliver. */
  readonly pending: number
}

/** What a sweep removed, or would. */
export interface SweepView {
  readonly dryRun: boolean
  readonly removed: readonly ConsumerView[]
}

/** Where events and state are kept. */
export interface StorageView {
  /** Of the events. `embedded`: PGlite in the data folder. */
  readonly kind: 'embedded' | 'postgres' | 'jetstream'
  /** Of the events: the data folder, host and database, or servers and stream; never a password. */
  readonly place: string
  /** The last commit a reader can reach; null while the store is down. */
  readonly head: string | null
  /** Of ledger, checkpoints and read models. */
  readonly state: { readonly kind: 'embedded' | 'postgres'; readonly place: string }
  /** Null where the events are not on JetStream, and while it does not answer. */
  readonly jetstream: JetStreamView | null
}

/** The state of the whole app. */
export interface StatusView {
  readonly app: string
  readonly status: 'ok' | 'degraded' | 'down'
  /** Why it is not `ok`; empty otherwise. */
  readonly reasons: readonly string[]
  /** `inspect`: this process runs no processors. */
  readonly mode: 'run' | 'inspect'
  readonly pid: number
  /** Unique to one run of the app. */
  readonly instance: string
  readonly startedAt: string
  /** The time of the answer. */
  readonly at: string
  /** The servers the app uses, and its database, looked at just now. */
  readonly components: readonly ComponentView[]
  /** How many of them are there: `2/3`. */
  readonly componentsUp: string
  readonly storage: StorageView
  readonly processors: readonly ProcessorView[]
  /** Of observers' actions, as this process sees them: at most 100, those whose circuit is not closed first. */
  readonly destinations: readonly DestinationView[]
  /** Events left out by readers of this process since its start, because no upcaster lifts them (`upcaster.skip_on_error`). */
  readonly skippedEvents: number
}

/** A page of streams. */
export interface StreamsPage {
  readonly streams: readonly StreamView[]
  /** Null on the last page. */
  readonly next: string | null
}

/** A page of events. */
export interface EventsPage {
  readonly events: readonly EventView[]
  /** Null on the last page. */
  readonly next: string | null
}

/** A page of deliveries. */
export interface DeliveriesPage {
  readonly deliveries: readonly DeliveryView[]
  /** Null on the last page. */
  readonly next: string | null
}

/** A page of dead letters and parked records. */
export interface DeadLettersPage {
  readonly deadLetters: readonly DeadLetterView[]
  /** Null on the last page. */
  readonly next: string | null
}

/** A page of what operators did to dead letters and parked records, newest first. */
export interface DeadLetterHistoryPage {
  readonly actions: readonly DeadLetterActionView[]
  /** Null on the last page. */
  readonly next: string | null
}
