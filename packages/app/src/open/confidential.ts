import { serversOf } from '../settings/nats-settings.ts'
import type { TokenHolder } from '../settings/principals.ts'
import type { Secret } from '../settings/secrets.ts'
import { nodesOf } from '../settings/service-settings.ts'
import type { Settings } from '../settings/settings.ts'

/** Secrets by name, where they are there. */
export type SecretsByName = Readonly<Record<string, Secret | undefined>>

/** What an app knows and nobody else may. */
export interface Confidential {
  readonly secrets: SecretsByName
  readonly token: string | undefined
  readonly tokenHolders?: readonly TokenHolder[]
  readonly settings: Settings
}

/** What stands in a URL may be escaped, and errors may hold either form. */
function bothForms(text: string): readonly string[] {
  try {
    return [text, decodeURIComponent(text)]
  } catch {
    // A stray percent sign: then it is only there as it is.
    return [text]
  }
}

function passwordIn(url: string): readonly string[] {
  return bothForms(URL.parse(url)?.password ?? '')
}

/** A user without a password is a token. */
function natsSecretsIn(server: string): readonly string[] {
  const { username = '', password = '' } = URL.parse(server) ?? {}
  // An address without credentials helps whoever reads the error.
  return username === '' ? [] : [server, ...bothForms(password === '' ? username : password)]
}

/** An address without a password helps whoever reads the error. */
function withPassword(url: string): readonly string[] {
  const password = passwordIn(url).filter((text) => text !== '')
  return password.length === 0 ? [] : [url, ...password]
}

/** What must not appear in a recorded error. */
export function confidential({
  secrets,
  token,
  tokenHolders = [],
  settings,
}: Confidential): readonly string[] {
  const { databaseUrl, natsUrl, natsNkeySeed, redisUrl, elasticsearchUrl } = settings
  const texts = [
    ...Object.values(secrets).map((secret) => secret?.value),
    token,
    ...tokenHolders.map((holder) => holder.token),
    databaseUrl.value,
    ...passwordIn(databaseUrl.value ?? ''),
    ...serversOf(natsUrl.value ?? '').flatMap(natsSecretsIn),
    natsNkeySeed.value,
    ...withPassword(redisUrl.value ?? ''),
    ...nodesOf(elasticsearchUrl.value ?? '').flatMap(withPassword),
  ]
  return [...new Set(texts)].filter((text): text is string => text !== undefined && text !== '')
}
