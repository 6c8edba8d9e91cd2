import { ConfigurationError } from '@millrace/contracts'

import { chooseSetting, readVariable } from './setting.ts'
import type { Environment, Setting } from './setting.ts'

/** Whether appends wait until others have their events. */
export const publisherModes = ['sync', 'async'] as const

/** One of {@link publisherModes}. */
export type PublisherMode = (typeof publisherModes)[number]

/** The settings of publishing. */
export interface PublisherSettings {
  /** `publisher.mode`: what the stores of `App.publishing` do. */
  readonly publisherMode: Setting<PublisherMode>
}

/** The settings of publishing a definition may fix in code. */
export interface PublisherSettingsInCode {
  /** `sync`: appends wait for the relay, a while; `async`: they do not. @defaultValue `'sync'` */
  readonly publisherMode?: PublisherMode
}

/** @throws {@link ConfigurationError} naming the variable */
export function resolvePublisherSettings(code: PublisherSettingsInCode, env: Environment): PublisherSettings {
  const variable = 'MILLRACE_PUBLISHER_MODE'
  const text = readVariable(env, variable)
  const environment = publisherModes.find((mode) => mode === text)
  if (text !== undefined && environment === undefined)
    throw new ConfigurationError(
      variable,
      `must be ${publisherModes.join(' or ')}, is ${JSON.stringify(text)}`,
    )
  return {
    publisherMode: chooseSetting<PublisherMode>({
      variable,
      option: undefined,
      environment,
      code: code.publisherMode,
      fallback: 'sync',
    }),
  }
}
