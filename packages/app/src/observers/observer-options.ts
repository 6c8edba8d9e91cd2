import type { EventLog, StoredEvent } from '@millrace/contracts'
import type { ObserverDefinition, ObserversOptions } from '@millrace/observers'

import type { ProcessorContext } from '../definition/processor-context.ts'
import type { SecretDefinitions } from '../settings/secrets.ts'
import type { CommandTarget } from './kinds/command.ts'

/** What rules are run with, as `openObservers` takes it. */
type Surroundings = Pick<
  ObserversOptions,
  | 'sources'
  | 'lookups'
  | 'kinds'
  | 'smtp'
  | 'allowHosts'
  | 'resolveHost'
  | 'destinations'
  | 'log'
  | 'conditionLimits'
  | 'clock'
>

/**
 * The observers of an app. The actions `publish`, `job`, `command`, `search`, `cache` and `sql` are there, over what the app
 * has; one of `kinds` takes the place of one of the same name.
 */
export interface AppObserverOptions extends Surroundings {
  /** @defaultValue none */
  readonly rules?: readonly ObserverDefinition[]
  /** Paths of files of rules, YAML or JSON; where they are relative, below the working directory. @defaultValue none */
  readonly files?: readonly string[]
  /** Whether rules may lie as rows in the database, where operators write them while the app runs. @defaultValue false */
  readonly stored?: boolean
  /** What the action `command` may name, each the result of `createAggregates`. @defaultValue none */
  readonly aggregates?: Readonly<Record<string, CommandTarget>>
  /**
   * Where the secrets of rules come from. @defaultValue the app's own, by name or variable, then the environment the app was
   * opened with
   */
  readonly secrets?: ObserversOptions['secrets']
}

/** What an app's observers may be built from. */
export interface ObserverContext<
  Secrets extends SecretDefinitions = SecretDefinitions,
> extends ProcessorContext<Secrets> {
  /** The changes of captured tables. */
  readonly changes: EventLog<StoredEvent>
}

/** The observers of an app, or what makes them of its parts. */
export type AppObserversDefinition<Secrets extends SecretDefinitions = SecretDefinitions> =
  | AppObserverOptions
  | ((context: ObserverContext<Secrets>) => AppObserverOptions | Promise<AppObserverOptions>)

/** The names of the settings of {@link AppObserverOptions}. */
export const observerSettings: readonly string[] = Object.keys({
  rules: true,
  files: true,
  stored: true,
  aggregates: true,
  secrets: true,
  sources: true,
  lookups: true,
  kinds: true,
  smtp: true,
  allowHosts: true,
  resolveHost: true,
  destinations: true,
  log: true,
  conditionLimits: true,
  clock: true,
} satisfies Record<keyof AppObserverOptions, true>)
