import type { EventDecoder, EventStore, ProcessorStore } from '@millrace/contracts'
import type { JetStreamStore } from '@millrace/jetstream'
import type { SqlDatabase } from '@millrace/postgres'
import type { ProcessorRuntime } from '@millrace/processing'

import type { SecretName } from '../definition/app-definition.ts'
import type { SecretDefinitions } from '../settings/secrets.ts'
import type { Settings } from '../settings/settings.ts'
import type { AppChange } from './app-change.ts'
import type { AppDecoders } from './app-decoders.ts'
import type { Storage } from './storage.ts'

/** An open app: its stores, and in mode `run` its processors at work. Disposing stops all of it in order. */
export interface App<Secrets extends SecretDefinitions = SecretDefinitions> extends AsyncDisposable {
  readonly name: string
  /** `inspect`: nothing runs here; another process may run the same app. */
  readonly mode: 'run' | 'inspect'
  /** Unique to this opening. */
  readonly instance: string
  readonly startedAt: Date
  readonly settings: Settings
  readonly storage: Storage
  readonly store: EventStore
  /** The store where it is one on JetStream; undefined elsewhere. */
  readonly jetstream: JetStreamStore | undefined
  /** The database of the ledger, for read models; holds the events too where no NATS server is named. */
  readonly database: SqlDatabase
  readonly processors: ProcessorStore
  /** Decodes what is read from the store; leaves out events that no upcaster lifts where the settings say so. */
  readonly decode: EventDecoder
  readonly decoders: AppDecoders
  /** The token of the management API; undefined where none is configured. A secret. */
  readonly token: string | undefined
  /** The value of one of the app's secrets. @throws {@link ConfigurationError} in mode `inspect` where there is none yet */
  secret(name: SecretName<Secrets>): string
  /** What runs the processors; undefined in mode `inspect`. */
  readonly runtime: ProcessorRuntime | undefined
  /** Calls back on every change in this process until the returned function is called. */
  onChange(listener: (change: AppChange) => void): () => void
  /** Says in the data folder of an embedded app where it is served; taken back when the app is disposed. */
  announce(url: string): void
}
