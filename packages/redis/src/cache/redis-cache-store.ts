import { randomBytes } from 'node:crypto'

import { ConfigurationError, maxCacheTtlMs } from '@millrace/contracts'
import type {
  CacheStore,
  InvalidationListener,
  StoredValue,
  StoreEntry,
  WriteTicket,
} from '@millrace/contracts'

import { LuaScript } from '../connection/lua-script.ts'
import type { RedisConnection } from '../connection/open-redis.ts'
import { CacheChannel } from './cache-channel.ts'
import { cacheValue, mark, readCacheValue } from './cache-value.ts'
import type { Seen } from './cache-value.ts'
import { eraseValues } from './erase-values.ts'

/** Settings of {@link openRedisCacheStore}. */
export interface RedisCacheStoreOptions {
  /** Stays the caller's to close. */
  readonly connection: RedisConnection
  /**
   * All keys of a name lie in one slot of a cluster: 1 to 64 letters, digits, `-`, `_` or `.`. Processes that share values
   * have the same. @defaultValue `'default'`
   */
  readonly name?: string
}

const scripts = {
  tags: new LuaScript('cache-tags'),
  write: new LuaScript('cache-write'),
  replace: new LuaScript('cache-replace'),
  invalidate: new LuaScript('cache-invalidate'),
} as const

/** Longer than any value that depends on it, and the load before that. */
const tagMs = maxCacheTtlMs + 3_600_000
/** How long a load may take that must not be kept because its key was invalidated meanwhile. */
const invalidatedMs = 300_000

const unique = (): string => randomBytes(9).toString('base64url')

class RedisCacheStore implements CacheStore {
  readonly name = 'redis'
  readonly #connection: RedisConnection
  readonly #prefix: string

  constructor(connection: RedisConnection, name: string) {
    this.#connection = connection
    this.#prefix = `${connection.settings.prefix}:cache:{${name}}:`
  }

  async read(key: string, tags: readonly string[]): Promise<StoredValue> {
    const name = this.#key(key)
    if (tags.length === 0)
      return readCacheValue(await this.#connection.send(async (client) => await client.get(name)), [])
    const names = tags.map((tag) => this.#tag(tag))
    const found = await this.#connection.send(async (client) => await client.mget(name, ...names))
    const [value = null, ...versions] = found
    const read = readCacheValue(value, versions)
    if (read.kind !== 'miss') return read
    // Before the load: an invalidation after this finds a version it can replace.
    return {
      ...read,
      ticket: { ticket: { ...(read.ticket.ticket as Seen), versions: await this.#versions(tags) } },
    }
  }

  async write(key: string, entry: StoreEntry, ticket?: WriteTicket): Promise<void> {
    const { ttlMs, tags } = entry
    if (ticket === undefined) {
      const versions = await this.#versions(tags)
      const keys = [this.#key(key), this.#channel, ...tags.map((tag) => this.#tag(tag))]
      await this.#run('replace', keys, [ttlMs, cacheValue(entry, versions), message([key], []), ...versions])
      return
    }
    const { begins, versions = [] } = ticket.ticket as Seen & { readonly versions?: readonly string[] }
    const keys = [this.#key(key), ...tags.map((tag) => this.#tag(tag))]
    await this.#run('write', keys, [ttlMs, cacheValue(entry, versions), begins, ...versions])
  }

  async invalidate(keys: readonly string[], tags: readonly string[]): Promise<void> {
    if (keys.length + tags.length === 0) return
    const names = [...keys.map((key) => this.#key(key)), ...tags.map((tag) => this.#tag(tag))]
    const values = [keys.length, mark.invalidated + unique(), invalidatedMs, tagMs, message(keys, tags)]
    await this.#run('invalidate', [this.#channel, ...names], [...values, ...tags.map(unique)])
  }

  async erase(tag: string): Promise<void> {
    const version = await this.#connection.send(async (client) => await client.get(this.#tag(tag)))
    const values = [0, '', invalidatedMs, tagMs, message([], [tag], true), unique()]
    const eraseAll = async (): Promise<void> => {
      if (version === null) return
      await this.#connection.send(async (client) => await eraseValues(client, this.#key(''), version))
    }
    // Before: so that a crash leaves next to nothing. After: from then on no value of this version is written any more.
    await eraseAll()
    await this.#run('invalidate', [this.#channel, this.#tag(tag)], values)
    await eraseAll()
  }

  watch(listener: InvalidationListener): AsyncDisposable {
    return new CacheChannel(this.#connection.settings, this.#channel, listener)
  }

  async #versions(tags: readonly string[]): Promise<readonly string[]> {
    if (tags.length === 0) return []
    const names = tags.map((tag) => this.#tag(tag))
    return (await this.#run('tags', names, [tagMs, ...tags.map(unique)])) as readonly string[]
  }

  get #channel(): string {
    return `${this.#prefix}invalidated`
  }

  #key(key: string): string {
    return `${this.#prefix}v:${key}`
  }

  #tag(tag: string): string {
    return `${this.#prefix}t:${tag}`
  }

  async #run(
    script: keyof typeof scripts,
    keys: readonly string[],
    values: readonly (string | number)[],
  ): Promise<unknown> {
    return await this.#connection.run(scripts[script], keys, values)
  }
}

function message(keys: readonly string[], tags: readonly string[], erased = false): string {
  return JSON.stringify(erased ? { keys, tags, erased } : { keys, tags })
}

/**
 * The level of a cache that processes share, on a Redis server; `openCache({ store })` of @millrace/caching makes a cache of
 * it. Nothing is held but the connection, so there is nothing to close.
 *
 * @throws {@link ConfigurationError} for a bad name
 */
export function openRedisCacheStore({ connection, name = 'default' }: RedisCacheStoreOptions): CacheStore {
  if (!/^[\w.-]{1,64}$/.test(name))
    throw new ConfigurationError('name', 'must be 1 to 64 letters, digits, "-", "_" or "."')
  return new RedisCacheStore(connection, name)
}
