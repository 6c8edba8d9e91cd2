/** The answers of the management API, as far as this page shows them. */

export type Json = null | boolean | number | string | readonly Json[] | { readonly [member: string]: Json }

export interface EventItem {
  readonly id: string
  readonly streamId: string
  readonly type: string
  readonly schemaVersion: number
  readonly version: number
  readonly position: string
  readonly commitId: string
  readonly occurredAt: string
  readonly recordedAt: string
  readonly metadata: {
    readonly actor?: { readonly kind: string; readonly id: string }
    readonly [field: string]: unknown
  }
  readonly tags: readonly string[]
  readonly data: Json
  readonly problem?: string
}

export interface StreamItem {
  readonly id: string
  readonly category: string
  readonly version: number
  readonly createdAt: string
  readonly updatedAt: string
  readonly tombstonedAt: string | null
}

interface Lag {
  readonly records: number
  readonly seconds: number
}

export interface PartitionItem {
  readonly partition: number
  readonly checkpoint: string
  readonly epoch: number
  readonly owner: string | null
  readonly lag: Lag
}

export interface ProcessorItem {
  readonly name: string
  readonly log: string
  readonly state: 'running' | 'paused' | 'stopped'
  readonly lag: Lag
  readonly recordsHandled: number
  readonly openDeliveries: number
  readonly deadLetters: number
  readonly parkedRecords: number
  readonly lastError: string | null
  readonly partitions: readonly PartitionItem[]
}

export interface AttemptItem {
  readonly number: number
  readonly startedAt: string
  readonly durationMs: number | null
  readonly outcome: 'delivered' | 'failed' | 'unknown'
  readonly statusCode: number | null
  readonly error: string | null
}

export interface DeliveryItem {
  readonly id: string
  readonly processor: string
  readonly action: string
  readonly recordId: string
  readonly key: string
  readonly state: 'open' | 'retrying' | 'unknown' | 'delivered' | 'dead' | 'cancelled'
  readonly inFlight: boolean
  readonly attempts: readonly AttemptItem[]
  readonly attemptsLeft: number
  readonly openedAt: string
  readonly nextAttemptAt: string | null
  readonly endedAt: string | null
}

export interface DeadLetterItem {
  readonly kind: 'delivery' | 'parked'
  readonly id: string
  readonly processor: string
  readonly action: string | null
  readonly recordId: string
  readonly reason: string
  readonly setAsideAt: string
  readonly attempts: readonly AttemptItem[]
  readonly tries: number
  readonly retryRequested: boolean
  readonly record: {
    readonly description: Readonly<Record<string, string | number>>
    readonly data: Json
  } | null
  readonly history: readonly { readonly action: string; readonly by: string; readonly at: string }[]
}

export interface RetryResult {
  readonly outcome: 'delivered' | 'failed' | 'waiting'
  readonly reason: string | null
}

export interface StatusItem {
  readonly app: string
  readonly status: 'ok' | 'degraded' | 'down'
  readonly reasons: readonly string[]
  readonly startedAt: string
  readonly storage: { readonly kind: string; readonly place: string; readonly head: string | null }
  readonly processors: readonly ProcessorItem[]
}

export interface EventsPage {
  readonly events: readonly EventItem[]
  readonly next: string | null
}

export interface StreamsPage {
  readonly streams: readonly StreamItem[]
  readonly next: string | null
}

export interface DeliveriesPage {
  readonly deliveries: readonly DeliveryItem[]
  readonly next: string | null
}

export interface DeadLettersPage {
  readonly deadLetters: readonly DeadLetterItem[]
  readonly next: string | null
}
