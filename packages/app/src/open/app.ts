import type {
  AccessLog,
  EventDecoder,
  EventLog,
  EventStore,
  HashChain,
  LockDriver,
  LogPartitions,
  ProcessorStore,
  StoredEvent,
} from '@millrace/contracts'
import type { JetStreamStore } from '@millrace/jetstream'
import type { SqlDatabase } from '@millrace/postgres'
import type { Masker, Privacy } from '@millrace/privacy'
import type { Processor, ProcessorRuntime } from '@millrace/processing'
import type { Projections } from '@millrace/projections'
import type { PublishingStore } from '@millrace/publishing'
import type { CursorKeys } from '@millrace/query'
import type { OpenMetrics } from '@millrace/telemetry'

import type { SecretName } from '../definition/processor-context.ts'
import type { AppHealth } from '../health/app-health.ts'
import type { AppObservers } from '../observers/app-observers.ts'
import type { AppSearchIndexes } from '../search-indexes/app-search-indexes.ts'
import type { AppServices } from '../services/app-services.ts'
import type { TokenHolder } from '../settings/principals.ts'
import type { SecretDefinitions } from '../settings/secrets.ts'
import type { Settings } from '../settings/settings.ts'
import type { AppSnapshots } from '../snapshots/app-snapshots.ts'
import type { AppChange } from './app-change.ts'
import type { AppDecoders } from './app-decoders.ts'
import type { Storage } from './storage.ts'

/** An open app: its stores, and in mode `run` its processors at work. Disposing stops all of it in order. */
export interface App<Secrets extends SecretDefinitions = SecretDefinitions>
  extends AppServices, AsyncDisposable {
  readonly name: string
  /** `inspect`: nothing runs here; another process may run the same app. */
  readonly mode: 'run' | 'inspect'
  /** Unique to this opening. */
  readonly instance: string
  readonly startedAt: Date
  readonly settings: Settings
  readonly storage: Storage
  /** How the servers are that it uses. */
  readonly health: AppHealth
  readonly store: EventStore
  /** The changes of captured tables, in the database of the ledger. */
  readonly changes: EventLog<StoredEvent>
  /** Those of the definition. */
  readonly searchIndexes: AppSearchIndexes
  /** The store where it is one on JetStream; undefined elsewhere. */
  readonly jetstream: JetStreamStore | undefined
  /** The database of the ledger, for read models; holds the events too where no NATS server is named. */
  readonly database: SqlDatabase
  readonly processors: ProcessorStore
  /** Saved states; `of` gives what `createAggregates` takes. */
  readonly snapshots: AppSnapshots
  /** Where the settings put them; processors and rebuilds hold theirs here. */
  readonly locks: LockDriver
  /** What is counted in this process, for metrics of one's own too; undefined where nothing runs. */
  readonly metrics: OpenMetrics | undefined
  /** Signs the cursors of pages, those of the management API among them. */
  readonly cursors: CursorKeys
  /** What encrypts personal data and erases it; undefined where the definition has none. */
  readonly privacy: Privacy | undefined
  /** Masks what nobody is to see; undefined where the definition names nothing. */
  readonly mask: Masker | undefined
  /** Who used the management API for what; undefined where it is not recorded. */
  readonly accessLog: AccessLog | undefined
  /** Who may use the management API beside the holder of `token`. Secrets. */
  readonly tokenHolders: readonly TokenHolder[]
  /** The hash chain of the events; undefined on JetStream. */
  readonly chain: HashChain | undefined
  /** The parts of the log that can be archived and taken away; undefined on JetStream. */
  readonly partitions: LogPartitions | undefined
  /** Decodes what is read from the store; leaves out events that no upcaster lifts where the settings say so. */
  readonly decode: EventDecoder
  readonly decoders: AppDecoders
  /** The token of the management API; undefined where none is configured. A secret. */
  readonly token: string | undefined
  /** The value of one of the app's secrets. @throws {@link ConfigurationError} in mode `inspect` where there is none yet */
  secret(name: SecretName<Secrets>): string
  /** What runs the processors that read the events; undefined in mode `inspect`. */
  readonly runtime: ProcessorRuntime | undefined
  /** What runs the processors that read the changes of rows; undefined where there are none, or in mode `inspect`. */
  readonly changeRuntime: ProcessorRuntime | undefined
  /**
   * The rules over events and changes of rows; undefined where the definition has none. In mode `inspect` nothing of them runs,
   * and where they cannot be loaded its members throw why.
   */
  readonly observers: AppObservers | undefined
  /** The app's read models: how they stand, their documents, rebuilds. In mode `inspect` nothing is fed or built here. */
  readonly projections: Projections
  /**
   * The store with appends that wait for a relay of this app, where the setting `publisher.mode` says so.
   * @throws {@link ConfigurationError} in mode `inspect`
   */
  publishing(relay: Pick<Processor, 'name'>): PublishingStore
  /** Calls back on every change in this process until the returned function is called. */
  onChange(listener: (change: AppChange) => void): () => void
  /** Says in the data folder of an embedded app where it is served; taken back when the app is disposed. */
  announce(url: string): void
}
