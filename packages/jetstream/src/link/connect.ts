import { readFile } from 'node:fs/promises'

import { ConfigurationError, ConnectionError, isMillraceError } from '@millrace/contracts'
import {
  AuthorizationError,
  createInbox,
  credsAuthenticator,
  InvalidArgumentError,
  nkeyAuthenticator,
  UserAuthenticationExpiredError,
} from '@nats-io/nats-core'
import type { Authenticator, ConnectionOptions, NatsConnection, TlsOptions } from '@nats-io/nats-core'
import { connect } from '@nats-io/transport-node'

import { readFrames } from './message-frames.ts'
import { NatsLink } from './nats-link.ts'
import { withTlsFiles } from './tls-files.ts'

/** Who a store is to the server. Never part of an error or a log line. */
export type NatsCredentials =
  | { readonly token: string }
  | { readonly user: string; readonly password: string }
  | { readonly nkeySeed: string }
  | { readonly creds: string }
  | { readonly credsFile: string }

/** How to reach NATS. */
export interface NatsOptions {
  /**
   * URLs of one or more servers of a cluster, `nats://host:4222`; credentials may stand in them. In one text commas separate
   * them, except a comma within the credentials of a URL with a scheme.
   * @defaultValue `nats://127.0.0.1:4222`
   */
  readonly servers?: string | readonly string[]
  /** @defaultValue none, or those of the URL */
  readonly credentials?: NatsCredentials
  /** Certificates and keys, as files or text. @defaultValue as the server asks */
  readonly tls?: TlsOptions
  /** Shown by the server's monitoring. @defaultValue `'millrace'` */
  readonly clientName?: string
  /** In front of the subjects replies are sent to, for accounts that may not use `_INBOX`. @defaultValue `'_INBOX'` */
  readonly inboxPrefix?: string
  /** JetStream's domain. @defaultValue none */
  readonly domain?: string
  /** Milliseconds until an attempt to connect is given up. @defaultValue 5_000 */
  readonly connectTimeoutMs?: number
  /** Milliseconds one request waits for its answer. @defaultValue 2_000 */
  readonly requestTimeoutMs?: number
}

const defaults = {
  servers: 'nats://127.0.0.1:4222',
  clientName: 'millrace',
  inboxPrefix: '_INBOX',
  connectTimeoutMs: 5_000,
  requestTimeoutMs: 2_000,
} as const

interface Target {
  readonly servers: string[]
  readonly credentials: NatsCredentials | undefined
  readonly secure: boolean
}

/** Addresses without what may stand in front of them, for errors. */
export function redacted(servers: string | readonly string[] = defaults.servers): string {
  return listOf(servers)
    .map((server) => server.replace(/^([a-z]+:\/\/)?.*@/i, '$1'))
    .join(', ')
}

const listOf = (servers: string | readonly string[]): readonly string[] =>
  (typeof servers === 'string' ? servers.split(beforeScheme).flatMap(separated) : servers).map((server) =>
    server.trim(),
  )

const beforeScheme = /,(?=\s*[a-z]+:\/\/)/i

/** A comma is allowed in the credentials of a URL, which end at its `@`. */
function separated(text: string): readonly string[] {
  const credentialsEnd = /^\s*[a-z]+:\/\//i.test(text) ? text.indexOf('@') + 1 : 0
  const [host = '', ...more] = text.slice(credentialsEnd).split(',')
  return [text.slice(0, credentialsEnd) + host, ...more]
}

function urlOf(server: string, i: number): URL {
  const text = /^[a-z]+:\/\//i.test(server) ? server : `nats://${server}`
  const url = URL.parse(text)
  if (url === null || !['nats:', 'tls:'].includes(url.protocol) || url.hostname === '')
    // Not quoted: what is no URL may be a part of one, and of its password.
    throw new ConfigurationError('servers', `must be URLs like nats://host:4222, number ${i + 1} is none`)
  return url
}

function targetOf({ servers = defaults.servers, credentials }: NatsOptions): Target {
  const urls = listOf(servers).map(urlOf)
  if (urls.length === 0) throw new ConfigurationError('servers', 'must name at least one server')
  const [given] = urls.filter(({ username }) => username !== '')
  return {
    servers: urls.map(({ host }) => host),
    credentials: credentials ?? (given === undefined ? undefined : credentialsOf(given)),
    secure: urls.some(({ protocol }) => protocol === 'tls:'),
  }
}

function credentialsOf({ username, password }: URL): NatsCredentials {
  const user = decoded(username)
  return password === '' ? { token: user } : { user, password: decoded(password) }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    // The cause would say nothing more.
    throw new ConfigurationError('servers', 'hold credentials in which a % is not written as %25')
  }
}

async function authentication(
  credentials: NatsCredentials | undefined,
): Promise<Pick<ConnectionOptions, 'token' | 'user' | 'pass' | 'authenticator'>> {
  if (credentials === undefined) return {}
  if ('token' in credentials) return { token: credentials.token }
  if ('user' in credentials) return { user: credentials.user, pass: credentials.password }
  if ('nkeySeed' in credentials)
    return checked(nkeyAuthenticator(bytesOf(credentials.nkeySeed)), 'hold no seed of an nkey')
  const creds = 'creds' in credentials ? credentials.creds : await credsIn(credentials.credsFile)
  return checked(credsAuthenticator(bytesOf(creds)), 'hold no JWT and seed as a creds file does')
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

async function credsIn(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw new ConfigurationError('credentials.credsFile', `${file} cannot be read`, { cause })
  }
}

/** Tried once: what holds no key is refused here, and not inside of the connection. */
function checked(authenticator: Authenticator, problem: string): { readonly authenticator: Authenticator } {
  try {
    authenticator('')
  } catch {
    // The cause may quote the key.
    throw new ConfigurationError('credentials', problem)
  }
  return { authenticator }
}

/** Both become parts of subjects. */
function checkTokens({ inboxPrefix, domain }: NatsOptions): void {
  if (inboxPrefix !== undefined && !/^[\w$-]+(?:\.[\w$-]+)*$/.test(inboxPrefix))
    throw new ConfigurationError('inboxPrefix', 'must be subject tokens of A-Z a-z 0-9 _ - $, joined by dots')
  if (domain !== undefined && !/^[\w-]+$/.test(domain))
    throw new ConfigurationError('domain', 'must be one subject token of A-Z a-z 0-9 _ -')
}

function mapped(error: unknown, options: NatsOptions): Error {
  if (isMillraceError(error)) return error
  const cause = { cause: error }
  const where = redacted(options.servers)
  if (error instanceof AuthorizationError || error instanceof UserAuthenticationExpiredError)
    return new ConfigurationError('credentials', `are refused by ${where}`, cause)
  if (error instanceof InvalidArgumentError)
    return new ConfigurationError('servers', `${where}: ${error.message}`, cause)
  const reason = error instanceof Error ? error.message : 'no reason given'
  return new ConnectionError(`no NATS server can be reached at ${where}: ${reason}`, cause)
}

async function connectionOf(options: NatsOptions): Promise<NatsConnection> {
  const { servers, credentials, secure } = targetOf(options)
  const { tls = secure ? {} : undefined } = options
  return await connect({
    servers,
    ...(await authentication(credentials)),
    ...(tls === undefined ? {} : { tls: await withTlsFiles(tls) }),
    name: options.clientName ?? defaults.clientName,
    inboxPrefix: options.inboxPrefix ?? defaults.inboxPrefix,
    timeout: options.connectTimeoutMs ?? defaults.connectTimeoutMs,
    // Stack traces of asynchronous calls cost half of the rate at 256 in flight.
    noAsyncTraces: true,
    // A store outlives its server's restarts.
    maxReconnectAttempts: -1,
    reconnectTimeWait: 100,
    pingInterval: 10_000,
  })
}

function linkOver(connection: NatsConnection, options: NatsOptions, owned: boolean): NatsLink {
  const { domain, inboxPrefix = defaults.inboxPrefix } = options
  return new NatsLink({
    connection,
    owned,
    inbox: createInbox(inboxPrefix),
    apiPrefix: domain === undefined ? '$JS.API' : `$JS.${domain}.API`,
    timeoutMs: options.requestTimeoutMs ?? defaults.requestTimeoutMs,
  })
}

/**
 * Connects, or takes a connection that is there and stays open when the link is closed.
 * @throws {@link ConfigurationError} {@link ConnectionError} without any credentials in their text
 */
export async function openNatsLink(options: NatsOptions, given?: NatsConnection): Promise<NatsLink> {
  checkTokens(options)
  if (given !== undefined) return linkOver(given, options, false)
  try {
    const connection = await connectionOf(options)
    const link = linkOver(connection, options, true)
    readFrames(connection)
    link.onReconnect(() => readFrames(connection))
    return link
  } catch (error) {
    throw mapped(error, options)
  }
}
