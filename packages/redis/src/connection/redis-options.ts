import { checkWhole, ConfigurationError } from '@millrace/contracts'

/** Settings of {@link openRedis}. */
export interface RedisOptions {
  /** `redis://[user:password@]host[:port][/database]`, or `rediss://` for TLS. */
  readonly url: string
  /** Begins every key and channel: letters, digits, `-`, `_`, `.` and `:`, at most 64. @defaultValue `'millrace'` */
  readonly prefix?: string
  /**
   * Milliseconds until a server that answers nothing is taken for away, and what it was sent fails; up to half as much later.
   * 10 to 600,000. @defaultValue 2_000
   */
  readonly commandTimeoutMs?: number
  /** Milliseconds until a connection that does not open has failed: 10 to 600,000. @defaultValue 5_000 */
  readonly connectTimeoutMs?: number
  /**
   * What becomes of opening where no server answers: `fail`, or `connect-later`, with commands that fail until it does.
   * @defaultValue `'fail'`
   */
  readonly whenAway?: 'fail' | 'connect-later'
}

/** What {@link RedisOptions} say, checked. */
export interface RedisSettings extends Required<RedisOptions> {
  /** Host and port, for people: without password. */
  readonly server: string
}

const defaults = {
  prefix: 'millrace',
  commandTimeoutMs: 2_000,
  connectTimeoutMs: 5_000,
  whenAway: 'fail',
} as const satisfies Omit<Required<RedisOptions>, 'url'>

function serverOf(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  // The value itself is not told: it may hold a password.
  if (parsed === undefined || !['redis:', 'rediss:'].includes(parsed.protocol) || parsed.hostname === '')
    throw new ConfigurationError('url', 'must be redis://host:port or rediss://host:port')
  return `${parsed.hostname}:${parsed.port === '' ? '6379' : parsed.port}`
}

/** @throws {@link ConfigurationError} {@link InvalidValueError} */
export function checkRedisOptions(options: RedisOptions): RedisSettings {
  const settings = { ...defaults, ...options, server: serverOf(options.url) }
  if (!/^[\w.:-]{1,64}$/.test(settings.prefix))
    throw new ConfigurationError('prefix', 'must be 1 to 64 letters, digits, "-", "_", "." or ":"')
  checkWhole('options.commandTimeoutMs', settings.commandTimeoutMs, { min: 10, max: 600_000 })
  checkWhole('options.connectTimeoutMs', settings.connectTimeoutMs, { min: 10, max: 600_000 })
  return settings
}
