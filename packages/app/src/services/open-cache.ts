import { openCache } from '@millrace/caching'
import type { OpenCacheOptions } from '@millrace/caching'
import type { Cache, CacheOptions, CacheStats, JsonValue, Metrics } from '@millrace/contracts'

import { WhenAsked } from '../open/when-asked.ts'
import type { Settings } from '../settings/settings.ts'
import type { RedisLink } from './redis-link.ts'

const nothingYet: CacheStats = {
  localHits: 0,
  storeHits: 0,
  misses: 0,
  loads: 0,
  failedLoads: 0,
  evictions: 0,
  oversized: 0,
  storeFailures: 0,
  localBytes: 0,
}

/** A cache that is opened when somebody asks for a value. */
class LazyCache implements Cache {
  readonly #lazily: WhenAsked<Cache>
  #opened: Cache | undefined

  constructor(open: () => Promise<Cache>) {
    this.#lazily = new WhenAsked(async () => (this.#opened = await open()))
  }

  async getOrLoad<T extends JsonValue | undefined>(
    key: string,
    load: () => Promise<T>,
    options?: CacheOptions,
  ): Promise<T> {
    return await (await this.#lazily.get()).getOrLoad(key, load, options)
  }

  async get(...parameters: Parameters<Cache['get']>): Promise<JsonValue | undefined> {
    return await (await this.#lazily.get()).get(...parameters)
  }

  async set(...parameters: Parameters<Cache['set']>): Promise<void> {
    await (await this.#lazily.get()).set(...parameters)
  }

  async invalidate(key: string): Promise<void> {
    await (await this.#lazily.get()).invalidate(key)
  }

  async invalidateTags(tags: readonly string[]): Promise<void> {
    await (await this.#lazily.get()).invalidateTags(tags)
  }

  async eraseSubject(subject: string): Promise<void> {
    await (await this.#lazily.get()).eraseSubject(subject)
  }

  stats(): CacheStats {
    return this.#opened?.stats() ?? nothingYet
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lazily[Symbol.asyncDispose]()
  }
}

/** The app's cache, as the settings say. */
export function openAppCache(settings: Settings, redis: RedisLink | undefined, metrics: Metrics): Cache {
  const options: OpenCacheOptions = {
    ttlMs: settings.cacheTtlSeconds.value * 1000,
    maxLocalBytes: settings.cacheBytes.value,
    metrics,
  }
  if (redis === undefined) return openCache(options)
  return new LazyCache(async () => {
    const { openRedisCacheStore } = await import('@millrace/redis')
    return openCache({ ...options, store: openRedisCacheStore({ connection: await redis.get() }) })
  })
}
