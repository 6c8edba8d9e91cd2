import type { EventStore, Metrics } from '@millrace/contracts'
import type { SqlDatabase } from '@millrace/postgres'

import type { AppServices } from '../services/app-services.ts'
import type { SecretDefinitions, ownSecrets } from '../settings/secrets.ts'
import type { Settings } from '../settings/settings.ts'

/** The names of an app's secrets: its own and those every app has. */
export type SecretName<Secrets extends SecretDefinitions> = (keyof Secrets & string) | keyof typeof ownSecrets

/** What processors may be built from. */
export interface ProcessorContext<Secrets extends SecretDefinitions = SecretDefinitions> extends AppServices {
  readonly store: EventStore
  /** For metrics of one's own, beside those of Millrace; counts nothing where nothing runs. */
  readonly metrics: Metrics
  readonly database: SqlDatabase
  readonly settings: Settings
  /** The value of one of the app's secrets. */
  readonly secret: (name: SecretName<Secrets>) => string
}
