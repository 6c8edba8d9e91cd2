import { createHash, hkdfSync, randomBytes } from 'node:crypto'

import { ConfigurationError } from '@millrace/contracts'
import { createCursorKeys } from '@millrace/query'
import type { CursorKey, CursorKeys } from '@millrace/query'

import type { Secret, SecretDefinition } from './secrets.ts'
import type { Environment } from './setting.ts'
import { readVariable } from './setting.ts'
import type { Settings } from './settings.ts'

/** The secrets that sign cursors and anchors; generated on the first start. Not among those an app may ask for. */
export const signingSecrets: { readonly cursorKey: SecretDefinition; readonly anchorKey: SecretDefinition } =
  {
    cursorKey: { variable: 'MILLRACE_CURSOR_KEY' },
    anchorKey: { variable: 'MILLRACE_ANCHOR_KEY' },
  }

/** Secrets that signed before; what they signed still verifies. */
const earlierVariables = {
  cursorKey: 'MILLRACE_CURSOR_KEYS_EARLIER',
  anchorKey: 'MILLRACE_ANCHOR_KEYS_EARLIER',
} as const

/** The id says nothing of the key, and is the same wherever the same secret is set. */
function keyOf(secret: string): CursorKey {
  const id = createHash('sha256').update(`millrace cursor key id\n${secret}`).digest('hex').slice(0, 12)
  return { id, key: new Uint8Array(hkdfSync('sha256', secret, '', 'millrace cursor key', 32)) }
}

/** @throws {@link ConfigurationError} naming the variable */
export function earlierSecrets(env: Environment, of: keyof typeof earlierVariables): readonly string[] {
  const variable = earlierVariables[of]
  const secrets =
    readVariable(env, variable)
      ?.split(',')
      .map((secret) => secret.trim()) ?? []
  if (secrets.some((secret) => secret.length < 8))
    throw new ConfigurationError(variable, 'must be secrets of at least 8 characters, separated by commas')
  return secrets
}

/**
 * The keys that sign the cursors of the management API. Without a secret (an app that is only looked at, and was never
 * started) cursors are good in this process only.
 * @throws {@link ConfigurationError} naming the variable
 */
export function openCursorKeys(
  secret: Secret | undefined,
  env: Environment,
  { cursorAllowKeyRotation }: Pick<Settings, 'cursorAllowKeyRotation'>,
): CursorKeys {
  const current = keyOf(secret?.value ?? randomBytes(32).toString('base64'))
  const earlier = earlierSecrets(env, 'cursorKey')
    .map(keyOf)
    .filter(({ id }, i, all) => id !== current.id && all.findIndex((key) => key.id === id) === i)
  return createCursorKeys({ current, earlier, allowRotation: cursorAllowKeyRotation.value })
}
