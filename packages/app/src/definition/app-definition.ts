import type { EventDecoderOptions, EventStore } from '@millrace/contracts'
import type { SqlDatabase } from '@millrace/postgres'
import type { Processor } from '@millrace/processing'

import type { SecretDefinitions, ownSecrets } from '../settings/secrets.ts'
import type { Settings, SettingsInCode } from '../settings/settings.ts'

/** A read model's tables, brought into being before the first processor runs. */
export interface ReadModel {
  /** `[a-z][a-z0-9_]*`, at most 63 characters. */
  readonly name: string
  /** SQL statements that may be run again at every start: `create table if not exists …`. */
  readonly script: string
}

/** How an app's events are decoded; what becomes of one that cannot be lifted is a setting. */
export type AppDecoding = Omit<EventDecoderOptions, 'onSkip'> & { readonly onSkip?: never }

/** The names of an app's secrets: its own and those every app has. */
export type SecretName<Secrets extends SecretDefinitions> = (keyof Secrets & string) | keyof typeof ownSecrets

/** What processors may be built from. */
export interface ProcessorContext<Secrets extends SecretDefinitions = SecretDefinitions> {
  readonly store: EventStore
  readonly database: SqlDatabase
  readonly settings: Settings
  /** The value of one of the app's secrets. */
  readonly secret: (name: SecretName<Secrets>) => string
}

/** Settings of {@link defineApp}. */
export interface AppOptions<Secrets extends SecretDefinitions = SecretDefinitions> {
  /** `[a-z][a-z0-9-]*`, at most 63 characters; shown in status. */
  readonly name: string
  /** What reads the log in the background; a function where they need the store or a secret. @defaultValue none */
  readonly processors?: readonly Processor[] | ((context: ProcessorContext<Secrets>) => readonly Processor[])
  /** @defaultValue none */
  readonly readModels?: readonly ReadModel[]
  /** How events are decoded for every reader of the app. @defaultValue JSON, neither encrypted nor upcast */
  readonly decoding?: AppDecoding
  /** Generated on first start where the environment does not set them. @defaultValue none beside `webhookSecret` */
  readonly secrets?: Secrets
  /** Settings fixed in code; the environment wins over them. */
  readonly settings?: SettingsInCode
}

/** A validated app, ready to be opened. */
export interface AppDefinition<Secrets extends SecretDefinitions = SecretDefinitions> {
  readonly kind: 'millrace-app'
  readonly name: string
  /** Builds the app's processors. */
  processors(context: ProcessorContext<Secrets>): readonly Processor[]
  readonly readModels: readonly ReadModel[]
  readonly decoding: AppDecoding
  readonly secrets: Secrets
  readonly settings: SettingsInCode
}
