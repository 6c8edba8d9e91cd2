import { ConfigurationError } from '@millrace/contracts'

import type { Rule } from './nats-settings.ts'
import { chooseSetting, readNumber, readVariable } from './setting.ts'
import type { Environment, Setting } from './setting.ts'

/** What becomes of an intake while Redis, which knows the foreign ids, is away. */
export const dedupAwayModes = ['wait', 'fail-open'] as const

/** One of {@link dedupAwayModes}. */
export type DedupAwayMode = (typeof dedupAwayModes)[number]

/** The settings of cache, dedup, job queue and search. */
export interface ServiceSettings {
  /** A secret: never print its value. Undefined: cache in the process, dedup and jobs in the database. */
  readonly redisUrl: Setting<string | undefined>
  /** Begins every key and channel on Redis. */
  readonly redisPrefix: Setting<string>
  /** Nodes of one cluster, separated by commas. A secret: never print its value. Undefined: search is in the database. */
  readonly elasticsearchUrl: Setting<string | undefined>
  /** `search.prefix`: begins the names of all indices on Elasticsearch. */
  readonly searchPrefix: Setting<string>
  /** `cache.ttl`: seconds a cached value is kept where its caller says nothing else. */
  readonly cacheTtlSeconds: Setting<number>
  /** `cache.bytes`: bytes that cached values may take in this process. */
  readonly cacheBytes: Setting<number>
  /** `dedup.ttl`: seconds a foreign id is remembered where its caller says nothing else. */
  readonly dedupTtlSeconds: Setting<number>
  /** `dedup.when_away`: what becomes of an intake while Redis is away. */
  readonly dedupWhenAway: Setting<DedupAwayMode>
}

/** The settings of cache, dedup, job queue and search that a definition may fix in code. */
export interface ServiceSettingsInCode {
  /** `redis://[user:password@]host[:port][/database]`, or `rediss://` for TLS. @defaultValue none */
  readonly redisUrl?: string
  /** 1 to 64 letters, digits, `-`, `_`, `.` or `:`; apps with the same share what is there. @defaultValue `'millrace'` */
  readonly redisPrefix?: string
  /** `http://` or `https://` URLs of one cluster, separated by commas; user and password may stand in them. @defaultValue none */
  readonly elasticsearchUrl?: string
  /** `[a-z][a-z0-9_]*`, at most 40 characters. @defaultValue `'millrace'` */
  readonly searchPrefix?: string
  /** 1 to 86,400. @defaultValue 60 */
  readonly cacheTtlSeconds?: number
  /** 0 (nothing is kept in the process) to 1 GiB. @defaultValue 32 MiB */
  readonly cacheBytes?: number
  /** 1 to 2,678,400 (31 days). @defaultValue 86_400 */
  readonly dedupTtlSeconds?: number
  /** `wait`: nothing is taken in until Redis is back; `fail-open`: all is, unchecked. @defaultValue `'wait'` */
  readonly dedupWhenAway?: DedupAwayMode
}

/** The ranges of these settings. */
export const serviceRanges: Readonly<
  Record<'cacheTtl' | 'cacheBytes' | 'dedupTtl', readonly [number, number]>
> = {
  cacheTtl: [1, 86_400],
  cacheBytes: [0, 1024 ** 3],
  dedupTtl: [1, 31 * 86_400],
}

/** The rules of these settings; none of their texts holds the value. */
export const serviceRules: {
  readonly redisUrl: Rule<string>
  readonly redisPrefix: Rule<string>
  readonly elasticsearchUrl: Rule<string>
  readonly searchPrefix: Rule<string>
} = {
  redisUrl: {
    holds: (text) => isUrl(text, ['redis:', 'rediss:']) && /^\/?\d*$/.test(new URL(text).pathname),
    text: 'must be redis://host:port or rediss://host:port, with the number of a database behind it or none',
  },
  redisPrefix: {
    holds: (text) => /^[\w.:-]{1,64}$/.test(text),
    text: 'must be 1 to 64 letters, digits, "-", "_", "." or ":"',
  },
  elasticsearchUrl: {
    holds: (text) => nodesOf(text).every((node) => isUrl(node, ['http:', 'https:'])) && haveOneUser(text),
    text: 'must be http:// or https:// URLs, several separated by commas and with one user',
  },
  searchPrefix: {
    holds: (text) => /^[a-z][a-z0-9_]{0,39}$/.test(text),
    text: 'must be [a-z][a-z0-9_]*, at most 40 characters',
  },
}

function isUrl(text: string, protocols: readonly string[]): boolean {
  const url = URL.parse(text)
  if (url === null || !protocols.includes(url.protocol) || url.hostname === '') return false
  const escaped = [url.username, url.password].every((part) => !/%(?![0-9a-f]{2})/i.test(part))
  return escaped && url.search === '' && url.hash === ''
}

/** The client has one user for all nodes. */
function haveOneUser(text: string): boolean {
  const users = nodesOf(text).map((node) => {
    const { username, password } = new URL(node)
    return `${username}:${password}`
  })
  return new Set(users).size === 1
}

/** The nodes of a `MILLRACE_ELASTICSEARCH_URL`. A comma that no scheme follows belongs to a password. */
export function nodesOf(urls: string): readonly string[] {
  return urls.split(/,(?=\s*[a-z]+:\/\/)/i).map((node) => node.trim())
}

function readText(env: Environment, variable: string, rule: Rule<string>): string | undefined {
  const text = readVariable(env, variable)
  if (text !== undefined && !rule.holds(text)) throw new ConfigurationError(variable, rule.text)
  return text
}

function readMode(env: Environment, variable: string): DedupAwayMode | undefined {
  const text = readVariable(env, variable)
  const mode = dedupAwayModes.find((known) => known === text)
  if (text !== undefined && mode === undefined)
    throw new ConfigurationError(
      variable,
      `must be ${dedupAwayModes.join(' or ')}, is ${JSON.stringify(text)}`,
    )
  return mode
}

/** Who names a prefix means a server: without one it would be of no use, silently. */
function checkServerIsNamed(named: Setting<unknown>, url: Setting<string | undefined>): void {
  if (named.origin === 'environment' && url.value === undefined)
    throw new ConfigurationError(named.variable, `is set, but ${url.variable} is not`)
}

/**
 * Brings environment, code and default of the settings of cache, dedup, job queue and search together.
 * @throws {@link ConfigurationError} naming the variable, never the value of a secret
 */
export function resolveServiceSettings(code: ServiceSettingsInCode, env: Environment): ServiceSettings {
  const choose = <Value>(
    variable: string,
    environment: Value | undefined,
    [inCode, fallback]: readonly [Value | undefined, Value],
  ): Setting<Value> => chooseSetting({ variable, option: undefined, environment, code: inCode, fallback })
  const text = <Fallback>(
    variable: string,
    rule: Rule<string>,
    chosen: readonly [string | undefined, Fallback],
  ) => choose<string | Fallback>(variable, readText(env, variable, rule), chosen)
  const number = (
    variable: string,
    range: readonly [number, number],
    chosen: readonly [number | undefined, number],
  ) => choose<number>(variable, readNumber(env, variable, range), chosen)
  const whenAway = 'MILLRACE_DEDUP_WHEN_AWAY'
  const settings: ServiceSettings = {
    redisUrl: text('MILLRACE_REDIS_URL', serviceRules.redisUrl, [code.redisUrl, undefined]),
    redisPrefix: text('MILLRACE_REDIS_PREFIX', serviceRules.redisPrefix, [code.redisPrefix, 'millrace']),
    elasticsearchUrl: text('MILLRACE_ELASTICSEARCH_URL', serviceRules.elasticsearchUrl, [
      code.elasticsearchUrl,
      undefined,
    ]),
    searchPrefix: text('MILLRACE_SEARCH_PREFIX', serviceRules.searchPrefix, [code.searchPrefix, 'millrace']),
    cacheTtlSeconds: number('MILLRACE_CACHE_TTL', serviceRanges.cacheTtl, [code.cacheTtlSeconds, 60]),
    cacheBytes: number('MILLRACE_CACHE_BYTES', serviceRanges.cacheBytes, [code.cacheBytes, 32 * 1024 ** 2]),
    dedupTtlSeconds: number('MILLRACE_DEDUP_TTL', serviceRanges.dedupTtl, [code.dedupTtlSeconds, 86_400]),
    dedupWhenAway: choose<DedupAwayMode>(whenAway, readMode(env, whenAway), [code.dedupWhenAway, 'wait']),
  }
  checkServerIsNamed(settings.redisPrefix, settings.redisUrl)
  checkServerIsNamed(settings.dedupWhenAway, settings.redisUrl)
  checkServerIsNamed(settings.searchPrefix, settings.elasticsearchUrl)
  return settings
}
