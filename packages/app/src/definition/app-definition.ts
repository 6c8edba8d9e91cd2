import type { EventDecoderOptions, EventStore, Serializer } from '@millrace/contracts'
import type { SqlDatabase } from '@millrace/postgres'
import type { Privacy } from '@millrace/privacy'
import type { Processor } from '@millrace/processing'
import type { Projection } from '@millrace/projections'
import type { AnySnapshotDefinition } from '@millrace/snapshots'

import type { AppCapture } from '../captures/install-captures.ts'
import type { AppObserversDefinition } from '../observers/observer-options.ts'
import type { AppSearchIndex } from '../search-indexes/index-definition.ts'
import type { AppJobs } from '../services/job-definition.ts'
import type { SecretDefinitions } from '../settings/secrets.ts'
import type { Settings, SettingsInCode } from '../settings/settings.ts'
import type { ProcessorContext } from './processor-context.ts'

/** A read model's tables, brought into being before the first processor runs. */
export interface ReadModel {
  /** `[a-z][a-z0-9_]*`, at most 63 characters. */
  readonly name: string
  /** SQL statements that may be run again at every start: `create table if not exists …`. */
  readonly script: string
}

/** How an app's events are decoded; what becomes of one that cannot be lifted is a setting. */
export type AppDecoding = Omit<EventDecoderOptions, 'onSkip'> & { readonly onSkip?: never }

/** What an app's privacy may be built from. */
export interface PrivacyContext {
  readonly database: SqlDatabase
  readonly settings: Settings
  /** `inspect`: tables must not be changed. */
  readonly mode: 'run' | 'inspect'
  /** The app's store, for erasers that append: not before the privacy is made. */
  readonly store: () => EventStore
}

/** Settings of {@link defineApp}. */
export interface AppOptions<Secrets extends SecretDefinitions = SecretDefinitions> {
  /** `[a-z][a-z0-9-]*`, at most 63 characters; shown in status. */
  readonly name: string
  /** What reads the log in the background; a function where they need the store or a secret. @defaultValue none */
  readonly processors?: readonly Processor[] | ((context: ProcessorContext<Secrets>) => readonly Processor[])
  /** Read models that are folded from the log; see {@link App.projections}. @defaultValue none */
  readonly projections?: readonly Projection[]
  /**
   * Names of processors that earlier releases had and this one has not: forgotten at start, with what they parked, before
   * anything else runs. One that still has deliveries or dead letters stays. @defaultValue none
   */
  readonly formerProcessors?: readonly string[]
  /** Streams whose states are saved; see {@link App.snapshots}. @defaultValue none */
  readonly snapshots?: readonly AnySnapshotDefinition[]
  /** @defaultValue none */
  readonly readModels?: readonly ReadModel[]
  /**
   * Tables whose changes are recorded: installed or repaired at start, behind the scripts of the read models. One with other
   * settings than before has to be removed first. @defaultValue none beside those installed by hand
   */
  readonly captures?: readonly AppCapture[]
  /** Rules over events and changes of rows; see {@link App.observers}. @defaultValue none */
  readonly observers?: AppObserversDefinition<Secrets>
  /** Jobs by name, each with what does them: workers run in mode `run`. See {@link defineJob}. @defaultValue none */
  readonly jobs?: AppJobs
  /** Search indices, filled from a log; see {@link defineAppIndex}. @defaultValue none */
  readonly searchIndexes?: readonly AppSearchIndex[]
  /** How events are decoded for every reader of the app. @defaultValue JSON, neither encrypted nor upcast */
  readonly decoding?: AppDecoding
  /**
   * Writes the data of new events. Readers of the app read what it wrote, and JSON; `decoding.serializers`, where they are
   * given, have to hold it. @defaultValue JSON
   */
  readonly serializer?: Serializer
  /**
   * Encrypts personal data, and erases it; `decoding.decrypt` is then its. Erasures that were interrupted are gone on with at
   * start. @defaultValue nothing is encrypted
   */
  readonly privacy?: (context: PrivacyContext) => Privacy | Promise<Privacy>
  /** Names of members that nobody sees in the data of events: in the console, on the command line, over HTTP. @defaultValue none */
  readonly masked?: readonly string[]
  /** Records who used the management API for what. @defaultValue false */
  readonly accessLog?: boolean
  /** Chains events by hashes from the next start on; they must lie in Postgres. Never switched off again. @defaultValue false */
  readonly hashChain?: boolean
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
  readonly projections: readonly Projection[]
  readonly formerProcessors: readonly string[]
  readonly snapshots: readonly AnySnapshotDefinition[]
  readonly readModels: readonly ReadModel[]
  readonly captures: readonly AppCapture[]
  readonly observers: AppObserversDefinition | undefined
  readonly jobs: AppJobs
  readonly searchIndexes: readonly AppSearchIndex[]
  readonly decoding: AppDecoding
  readonly privacy: ((context: PrivacyContext) => Privacy | Promise<Privacy>) | undefined
  readonly hashChain: boolean
  readonly masked: readonly string[]
  readonly accessLog: boolean
  /** Undefined for JSON. */
  readonly serializer: Serializer | undefined
  readonly secrets: Secrets
  readonly settings: SettingsInCode
}
