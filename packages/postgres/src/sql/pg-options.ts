import { ConfigurationError } from '@millrace/contracts'
import type { ClientConfig } from 'pg'

/** Settings of {@link openPg} beside the server's address. */
export interface PgPoolOptions {
  /** The most connections for statements; one more listens for notifications. @defaultValue 10 */
  readonly poolSize?: number
  /** Milliseconds to wait for a new connection. @defaultValue 10_000 */
  readonly connectTimeoutMs?: number
  /** Shown in `pg_stat_activity`. @defaultValue `'millrace'` */
  readonly applicationName?: string
  /**
   * Milliseconds the server keeps a transaction of ours that sends nothing. A process that is frozen or cut off inside a
   * transaction holds its locks no longer than this; then the server rolls it back and ends the connection.
   * @defaultValue 10_000
   */
  readonly idleInTransactionTimeoutMs?: number
}

/** Which server: a `postgres://` URL, or the fields of one. */
export type PgServer = { readonly url: string } | { readonly config: PgServerConfig }

/** The address of a server as fields. */
export interface PgServerConfig {
  readonly host: string
  /** @defaultValue 5432 */
  readonly port?: number
  readonly database: string
  readonly user?: string
  readonly password?: string
  /** As `tls.connect` takes it. @defaultValue false */
  readonly ssl?: ClientConfig['ssl']
}

/** Where and how to connect. */
export type PgOptions = PgServer & PgPoolOptions

/** What the driver is configured with, and the server's name as messages may show it. */
export interface PgTarget {
  readonly config: ClientConfig
  readonly label: string
  readonly poolSize: number
  readonly connectTimeoutMs: number
}

function checkCount(setting: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 1)
    throw new ConfigurationError(setting, 'must be a whole number from 1 up')
}

function parseUrl(url: string): PgTarget['label'] {
  // The parser's own error would quote the URL with its password.
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (parsed === undefined || !/^postgres(ql)?:$/.test(parsed.protocol))
    throw new ConfigurationError(
      'database.url',
      'must be a URL of the form postgres://user:password@host:port/database',
    )
  return `postgres at ${parsed.host || 'localhost'}${parsed.pathname}`
}

/** @throws {@link ConfigurationError} that never quotes a secret */
export function resolvePgOptions(options: PgOptions): PgTarget {
  const { poolSize = 10, connectTimeoutMs = 10_000, applicationName = 'millrace' } = options
  const { idleInTransactionTimeoutMs = 10_000 } = options
  checkCount('database.poolSize', poolSize)
  checkCount('database.connectTimeoutMs', connectTimeoutMs)
  checkCount('database.idleInTransactionTimeoutMs', idleInTransactionTimeoutMs)
  const common = {
    application_name: applicationName,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    idle_in_transaction_session_timeout: idleInTransactionTimeoutMs,
    connectionTimeoutMillis: connectTimeoutMs,
  }
  if ('url' in options)
    return {
      label: parseUrl(options.url),
      config: { ...common, connectionString: options.url },
      poolSize,
      connectTimeoutMs,
    }
  const { host, port = 5432, database } = options.config
  return {
    label: `postgres at ${host}:${port}/${database}`,
    config: { ...common, ...options.config, port },
    poolSize,
    connectTimeoutMs,
  }
}
