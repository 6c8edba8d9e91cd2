import { resolve } from 'node:path'

import { ConfigurationError } from '@millrace/contracts'

import { chooseSetting, readVariable } from './setting.ts'
import type { Environment, Setting } from './setting.ts'

/** The settings of an event store on NATS JetStream. */
export interface NatsSettings {
  /** Servers of one cluster, separated by commas. A secret: never print its value. Undefined: events are in the database. */
  readonly natsUrl: Setting<string | undefined>
  /** A file of credentials, absolute. */
  readonly natsCreds: Setting<string | undefined>
  /** A secret: never print its value. */
  readonly natsNkeySeed: Setting<string | undefined>
  /** A file of the certificates that the servers' own are signed with, absolute. */
  readonly natsCa: Setting<string | undefined>
  /** A file of this client's certificate, absolute. */
  readonly natsCert: Setting<string | undefined>
  /** A file of the key of {@link natsCert}, absolute. */
  readonly natsKey: Setting<string | undefined>
  /** The JetStream stream that is the event store. */
  readonly natsStream: Setting<string>
  /** Copies of every event. Undefined: as many as the stream has; one where it is created. */
  readonly natsReplicas: Setting<number | undefined>
}

/** The settings of JetStream a definition may fix in code. */
export interface NatsSettingsInCode {
  /** `nats://` and `tls://` URLs of one cluster, separated by commas. @defaultValue none: events are in the database */
  readonly natsUrl?: string
  /** A file of credentials, relative to the working directory. @defaultValue none */
  readonly natsCreds?: string
  /** A PEM file of the certificates to trust, relative to the working directory. @defaultValue those the system trusts */
  readonly natsCa?: string
  /** A PEM file of this client's certificate, relative to the working directory. @defaultValue none */
  readonly natsCert?: string
  /** A PEM file of that certificate's key, relative to the working directory. @defaultValue none */
  readonly natsKey?: string
  /** 1 to 63 characters of `A-Z a-z 0-9 _ -`. @defaultValue `'millrace'` */
  readonly natsStream?: string
  /** 1, 3 or 5 copies of every event. @defaultValue what the stream has; 1 where it is created */
  readonly natsReplicas?: number
}

/** One setting's rule: whether a value keeps it, and how it is told. */
export interface Rule<Value> {
  readonly holds: (value: Value) => boolean
  readonly text: string
}

function isServer(text: string): boolean {
  const url = URL.parse(text)
  if (url === null || !['nats:', 'tls:'].includes(url.protocol) || url.hostname === '') return false
  // Of several servers each has its scheme.
  if (url.host.includes(',')) return false
  if (!['', '/'].includes(url.pathname) || url.search !== '' || url.hash !== '') return false
  // A password without a user would be neither sent nor kept out of messages.
  if (url.username === '' && url.password !== '') return false
  return isEscaped(url.username) && isEscaped(url.password)
}

function isEscaped(text: string): boolean {
  return !/%(?![0-9a-f]{2})/i.test(text)
}

/** The rules of the settings of JetStream; none of their texts holds the value. */
export const natsRules: {
  readonly url: Rule<string>
  readonly stream: Rule<string>
  readonly replicas: Rule<number>
} = {
  url: {
    holds: (text) => serversOf(text).every(isServer),
    text: 'must be nats://host:port or tls://host:port, several separated by commas',
  },
  stream: {
    holds: (name) => /^[A-Za-z0-9_-]{1,63}$/.test(name),
    text: 'must be 1 to 63 characters of A-Z a-z 0-9 _ -',
  },
  replicas: { holds: (count) => [1, 3, 5].includes(count), text: 'must be 1, 3 or 5' },
}

/** The servers of a `NATS_URL`. A comma that no scheme follows belongs to a password. */
export function serversOf(url: string): readonly string[] {
  return url.split(/,(?=\s*[a-z]+:\/\/)/i).map((server) => server.trim())
}

function read<Value>(env: Environment, variable: string, rule: Rule<Value>, parse: (text: string) => Value) {
  const text = readVariable(env, variable)
  if (text === undefined) return undefined
  const value = parse(text)
  if (!rule.holds(value)) throw new ConfigurationError(variable, rule.text)
  return value
}

/** Which of two would be used is a guess that an operator must not have to make. */
function checkCredentials({ natsUrl, natsCreds, natsNkeySeed }: NatsSettings): void {
  const given = [natsCreds, natsNkeySeed].filter(({ value }) => value !== undefined)
  const inUrl = serversOf(natsUrl.value ?? '').some((server) => (URL.parse(server)?.username ?? '') !== '')
  const [first] = given
  if (first !== undefined && (given.length > 1 || inUrl))
    throw new ConfigurationError(
      first.variable,
      `must not be set beside ${inUrl ? `credentials in ${natsUrl.variable}` : natsNkeySeed.variable}`,
    )
}

/** A certificate is of no use without its key, nor the key without it. */
function checkCertificate({ natsCert, natsKey }: NatsSettings): void {
  for (const [given, missing] of [
    [natsCert, natsKey],
    [natsKey, natsCert],
  ] as const)
    if (given.value !== undefined && missing.value === undefined)
      throw new ConfigurationError(given.variable, `is set, but ${missing.variable} is not`)
}

/** Somebody who names credentials, certificates or a stream means a server: without one the events would go into a local folder. */
function checkServerIsNamed({ natsUrl, ...others }: NatsSettings): void {
  if (natsUrl.value !== undefined) return
  for (const { variable, origin } of Object.values(others) as readonly Setting<unknown>[])
    if (origin === 'environment')
      throw new ConfigurationError(variable, `is set, but ${natsUrl.variable} is not`)
}

/**
 * Brings environment, code and default of the settings of JetStream together.
 * @throws {@link ConfigurationError} naming the variable, never its value
 */
export function resolveNatsSettings(code: NatsSettingsInCode, env: Environment, cwd: string): NatsSettings {
  const choose = <Value>(
    variable: string,
    environment: Value | undefined,
    inCode: Value | undefined,
    fallback: Value,
  ): Setting<Value> => chooseSetting({ variable, option: undefined, environment, code: inCode, fallback })
  const file = (variable: string, inCode: string | undefined): Setting<string | undefined> => {
    const chosen = choose<string | undefined>(variable, readVariable(env, variable), inCode, undefined)
    return chosen.value === undefined ? chosen : { ...chosen, value: resolve(cwd, chosen.value) }
  }
  const settings: NatsSettings = {
    natsUrl: choose<string | undefined>(
      'NATS_URL',
      read(env, 'NATS_URL', natsRules.url, String),
      code.natsUrl,
      undefined,
    ),
    natsCreds: file('NATS_CREDS', code.natsCreds),
    natsCa: file('NATS_CA', code.natsCa),
    natsCert: file('NATS_CERT', code.natsCert),
    natsKey: file('NATS_KEY', code.natsKey),
    natsNkeySeed: choose<string | undefined>(
      'NATS_NKEY_SEED',
      readVariable(env, 'NATS_NKEY_SEED'),
      undefined,
      undefined,
    ),
    natsStream: choose(
      'NATS_STREAM',
      read(env, 'NATS_STREAM', natsRules.stream, String),
      code.natsStream,
      'millrace',
    ),
    natsReplicas: choose<number | undefined>(
      'NATS_REPLICAS',
      read(env, 'NATS_REPLICAS', natsRules.replicas, Number),
      code.natsReplicas,
      undefined,
    ),
  }
  checkServerIsNamed(settings)
  checkCredentials(settings)
  checkCertificate(settings)
  return settings
}
