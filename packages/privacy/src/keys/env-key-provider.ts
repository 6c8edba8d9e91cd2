import { ConfigurationError } from '@millrace/contracts'

import type { KeyProvider } from './key-provider.ts'
import { localKeyProvider } from './local-key-provider.ts'
import type { MasterKey } from './local-key-provider.ts'

/** Settings of {@link envKeyProvider}. */
export interface EnvKeyProviderOptions {
  /** @defaultValue `process.env` */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** @defaultValue `'MILLRACE_MASTER_KEYS'` */
  readonly variable?: string
}

function parseKey(variable: string, text: string): MasterKey {
  const [id = '', encoded = '', ...more] = text.trim().split(':')
  const key = Buffer.from(encoded, 'base64')
  if (more.length > 0 || encoded === '' || key.toString('base64') !== encoded)
    throw new ConfigurationError(
      variable,
      'must be id:base64 of 32 bytes, several separated by commas, the current one first',
    )
  return { id, key }
}

/**
 * Master keys from an environment variable: `id:base64`, several separated by commas, the current one first. A new one is
 * made by `node -p "crypto.randomBytes(32).toString('base64')"`.
 * @throws {@link ConfigurationError} naming the variable, never its value
 */
export function envKeyProvider(options: EnvKeyProviderOptions = {}): KeyProvider {
  const { env = process.env, variable = 'MILLRACE_MASTER_KEYS' } = options
  const text = env[variable]?.trim()
  if (text === undefined || text === '')
    throw new ConfigurationError(variable, 'must be set: it holds the master keys')
  return localKeyProvider(
    text.split(',').map((key) => parseKey(variable, key)),
    variable,
  )
}
