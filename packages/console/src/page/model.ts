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
    readonly correlationId?: unknown
    readonly causationId?: unknown
    readonly tenant?: unknown
    readonly traceparent?: unknown
    readonly custom?: unknown
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
  readonly state: 'running' | 'failing' | 'paused' | 'stopped'
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

export interface JetStreamItem {
  readonly server: string
  readonly version: string
  readonly roundTripMs: number
  readonly leader: string | null
  readonly replicas: readonly { readonly name: string; readonly current: boolean; readonly lag: number }[]
  readonly messages: number
  readonly bytes: number
  readonly maxBytes: number | null
  readonly consumers: number
}

export interface StorageItem {
  readonly kind: 'embedded' | 'postgres' | 'jetstream'
  readonly place: string
  readonly head: string | null
  readonly state: { readonly kind: 'embedded' | 'postgres'; readonly place: string }
  readonly jetstream: JetStreamItem | null
}

export interface HeldStreamsItem {
  readonly count: number
  readonly streams: readonly {
    readonly stream: string
    readonly events: number
    readonly first: { readonly reason: string; readonly since: string }
  }[]
}

export interface BuildItem {
  readonly version: number
  readonly state: 'building' | 'switching' | 'live' | 'retired'
  readonly feeder: ProcessorItem['state']
  readonly startedBy: string
  readonly progress: { readonly done: number; readonly total: number }
  readonly lastError: string | null
}

export interface ProjectionItem {
  readonly name: string
  readonly form: 'documents' | 'tables'
  readonly version: number | null
  readonly codeVersion: number | null
  readonly state: ProcessorItem['state']
  readonly partitions: number
  readonly position: string | null
  readonly lag: Lag
  readonly lastError: string | null
  readonly parkedRecords: number
  readonly heldStreams: HeldStreamsItem
  readonly processor: string | null
  readonly build: BuildItem | null
  readonly retired: readonly { readonly version: number }[]
}

export interface LockItem {
  readonly name: string
  readonly state: 'held' | 'expired' | 'free'
  readonly owner: string | null
  readonly epoch: number
  readonly renewedAt: string | null
  readonly zombie: { readonly reason: string; readonly ageSeconds: number } | null
}

export interface ObserverItem {
  readonly name: string
  readonly origin: 'code' | 'file' | 'stored'
  readonly place: string | null
  readonly log: 'events' | 'changes'
  readonly enabled: boolean
  readonly override: { readonly enabled: boolean; readonly by: string; readonly at: string } | null
  readonly version: number | null
  readonly definition: Json
  readonly counts: {
    readonly seen: number
    readonly matched: number
    readonly failed: number
    readonly lastError: string | null
  } | null
  readonly problems: readonly { readonly place: string; readonly problem: string }[]
}

export interface DestinationItem {
  readonly name: string
  readonly circuit: 'closed' | 'open' | 'half-open'
  readonly timesOpened: number
  readonly opensInMs: number
  readonly recent: { readonly calls: number; readonly failures: number }
  readonly inFlight: number
}

export interface ObserversAnswer {
  readonly observers: readonly ObserverItem[]
  readonly destinations: readonly DestinationItem[]
}

export interface SnapshotItem {
  readonly name: string
  readonly version: number
  readonly schemaVersion: number
  readonly bytes: number
  readonly readable: boolean
  readonly takenAt: string | null
  readonly compression: string | null
}

export interface StreamStates {
  readonly version: number
  readonly states: readonly { readonly name: string; readonly state: Json }[]
}

export interface SnapshotStreamsPage {
  readonly streams: readonly string[]
  readonly next: string | null
}

export interface StatusItem {
  readonly app: string
  readonly status: 'ok' | 'degraded' | 'down'
  readonly reasons: readonly string[]
  readonly startedAt: string
  readonly storage: StorageItem
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

/** The answers that the page reads, by the path it asks: what whoever serves it has to give. */
export interface ConsoleAnswers {
  readonly '/api/status': StatusItem
  readonly '/api/streams': StreamsPage
  readonly '/api/events': EventsPage
  readonly '/api/streams/:id/snapshots': { readonly snapshots: readonly SnapshotItem[] }
  readonly '/api/streams/:id/states': StreamStates
  readonly '/api/snapshots': SnapshotStreamsPage
  readonly '/api/deliveries': DeliveriesPage
  readonly '/api/dead-letters': DeadLettersPage
  readonly '/api/dead-letters/:id/retry': RetryResult
  readonly '/api/projections': { readonly projections: readonly ProjectionItem[] }
  readonly '/api/observers': ObserversAnswer
  readonly '/api/locks': { readonly locks: readonly LockItem[] }
}
