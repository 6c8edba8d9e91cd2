import {
  checkCacheKey,
  checkCacheOptions,
  checkCacheTags,
  checkSubject,
  InvalidValueError,
} from '@millrace/contracts'
import type { Cache, CacheOptions, CacheStats, CacheStore, JsonValue, WriteTicket } from '@millrace/contracts'

import { checkSettings } from './cache-options.ts'
import type { CacheSettings, OpenCacheOptions } from './cache-options.ts'
import { Digests } from './digests.ts'
import { LocalLevel } from './local-level.ts'
import type { LocalEntry } from './local-level.ts'
import { observeCache } from './observe-cache.ts'
import { SharedLevel } from './shared-level.ts'

const defaultNegativeTtlMs = 10_000

/** A load under way; what it gives is not kept once it was invalidated. */
interface Loading {
  readonly outcome: Promise<JsonValue | undefined>
  readonly tags: readonly string[]
  invalidated: boolean
}

/** How a value is kept. */
interface Keeping {
  readonly key: string
  readonly tags: readonly string[]
  readonly options: CacheOptions
  readonly ticket?: WriteTicket
  /** Whether it may still be kept. */
  readonly valid: () => boolean
}

type Counters = { -readonly [Name in keyof Omit<CacheStats, 'localBytes'>]: number }

const noTags: readonly string[] = []

function parsed(text: string | undefined): JsonValue | undefined {
  return text === undefined ? undefined : (JSON.parse(text) as JsonValue)
}

function toText(value: JsonValue | undefined): string | undefined {
  if (value === undefined) return undefined
  const text = JSON.stringify(value) as string | undefined
  if (text === undefined) throw new InvalidValueError('value', 'a value that JSON can say')
  return text
}

class LevelledCache implements Cache {
  readonly #settings: CacheSettings
  readonly #names: Digests
  readonly #local: LocalLevel
  readonly #store: CacheStore | undefined
  readonly #shared: SharedLevel | undefined
  readonly #watch: AsyncDisposable | undefined
  readonly #loading = new Map<string, Loading>()
  readonly #counters: Counters = {
    localHits: 0,
    storeHits: 0,
    misses: 0,
    loads: 0,
    failedLoads: 0,
    evictions: 0,
    oversized: 0,
    storeFailures: 0,
  }
  readonly #observed: Disposable
  /** Whether this process hears what others invalidate; without that it keeps nothing of its own. */
  #hears: boolean

  constructor(settings: CacheSettings, store: CacheStore | undefined) {
    this.#settings = settings
    this.#names = new Digests(settings.space)
    this.#store = store
    this.#hears = store === undefined
    this.#observed = observeCache(settings.metrics, settings.space, () => this.stats())
    this.#local = new LocalLevel({
      maxBytes: Math.max(1, settings.maxLocalBytes),
      onEvicted: () => (this.#counters.evictions += 1),
    })
    if (store === undefined) return
    this.#shared = new SharedLevel(store, {
      awayMs: settings.awayMs,
      onFailure: (error) => this.#failed(error),
    })
    this.#watch = store.watch({
      invalidated: ({ keys, tags, erased }) => {
        this.#forget(keys, tags)
        if (erased) for (const tag of tags) this.#local.erase(tag)
      },
      connected: () => (this.#hears = true),
      disconnected: () => {
        this.#hears = false
        this.#forgetAll()
      },
    })
  }

  async getOrLoad<T extends JsonValue | undefined>(
    key: string,
    load: () => Promise<T>,
    options: CacheOptions = {},
  ): Promise<T> {
    checkCacheKey(key)
    checkCacheOptions(options)
    const [name, tags] = [this.#names.of(key), this.#dependsOn(options)]
    const kept = this.#local.get(name)
    if (kept !== undefined) {
      this.#counters.localHits += 1
      return parsed(kept.text) as T
    }
    const other = this.#loading.get(name)
    if (other !== undefined) return (await other.outcome) as T
    const { promise: outcome, resolve, reject } = Promise.withResolvers<JsonValue | undefined>()
    // Whoever asked beside is told too; whether anybody did is not known here.
    outcome.catch(() => undefined)
    const loading: Loading = { outcome, tags, invalidated: false }
    this.#loading.set(name, loading)
    try {
      const value = await this.#find(name, load, { loading, options })
      resolve(value)
      return value as T
    } catch (error) {
      reject(error)
      throw error
    } finally {
      if (this.#loading.get(name) === loading) this.#loading.delete(name)
    }
  }

  async get(
    key: string,
    options: Pick<CacheOptions, 'tags' | 'subjects'> = {},
  ): Promise<JsonValue | undefined> {
    checkCacheKey(key)
    checkCacheOptions(options)
    const [name, tags] = [this.#names.of(key), this.#dependsOn(options)]
    const kept = this.#local.get(name)
    if (kept !== undefined) {
      this.#counters.localHits += 1
      return parsed(kept.text)
    }
    const stored = await this.#shared?.read(name, tags)
    if (stored === undefined || stored.kind === 'miss') {
      this.#counters.misses += 1
      return undefined
    }
    this.#counters.storeHits += 1
    return stored.kind === 'hit' ? parsed(stored.text) : undefined
  }

  async set(key: string, value: JsonValue, options: CacheOptions = {}): Promise<void> {
    checkCacheKey(key)
    checkCacheOptions(options)
    const [name, tags] = [this.#names.of(key), this.#dependsOn(options)]
    const text = toText(value)
    this.#forget([name], noTags)
    await this.#keep(text, { key: name, tags, options, valid: () => true })
  }

  async invalidate(key: string): Promise<void> {
    checkCacheKey(key)
    await this.#invalidate([this.#names.of(key)], noTags)
  }

  async invalidateTags(tags: readonly string[]): Promise<void> {
    checkCacheTags('tags', tags)
    await this.#invalidate([], this.#digests(tags))
  }

  async eraseSubject(subject: string): Promise<void> {
    checkSubject(subject)
    const tag = this.#subject(subject)
    this.#forget([], [tag])
    this.#local.erase(tag)
    await this.#store?.erase(tag)
    this.#forget([], [tag])
    this.#local.erase(tag)
  }

  stats(): CacheStats {
    return { ...this.#counters, localBytes: this.#local.bytes }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#observed[Symbol.dispose]()
    await this.#watch?.[Symbol.asyncDispose]()
    this.#forgetAll()
  }

  async #find(
    key: string,
    load: () => Promise<JsonValue | undefined>,
    { loading, options }: { readonly loading: Loading; readonly options: CacheOptions },
  ): Promise<JsonValue | undefined> {
    const { tags } = loading
    const valid = (): boolean => !loading.invalidated
    const stored = await this.#shared?.read(key, tags)
    if (stored !== undefined && stored.kind !== 'miss') {
      this.#counters.storeHits += 1
      const text = stored.kind === 'hit' ? stored.text : undefined
      if (valid()) this.#keepHere(key, { text, tags }, stored.endsAt - Date.now())
      return parsed(text)
    }
    this.#counters.misses += 1
    const value = await this.#load(load)
    const ticket = stored?.ticket
    await this.#keep(toText(value), { key, tags, options, valid, ...(ticket && { ticket }) })
    return value
  }

  async #load(load: () => Promise<JsonValue | undefined>): Promise<JsonValue | undefined> {
    this.#counters.loads += 1
    try {
      return await load()
    } catch (error) {
      this.#counters.failedLoads += 1
      throw error
    }
  }

  async #keep(text: string | undefined, { key, tags, options, ticket, valid }: Keeping): Promise<void> {
    if (text !== undefined && Buffer.byteLength(text) > this.#settings.maxValueBytes) {
      this.#counters.oversized += 1
      return
    }
    if (!valid()) return
    const ttlMs = this.#ttl(text, options)
    this.#keepHere(key, { text, tags }, ttlMs)
    await this.#shared?.write(key, { text, ttlMs, endsAt: Date.now() + ttlMs, tags }, ticket)
  }

  #keepHere(key: string, entry: LocalEntry, ttlMs: number): void {
    const { maxLocalBytes, maxLocalMs } = this.#settings
    if (!this.#hears || maxLocalBytes === 0 || ttlMs <= 0) return
    this.#local.set(key, entry, this.#store === undefined ? ttlMs : Math.min(ttlMs, maxLocalMs))
  }

  /** Up to a tenth less than asked for. */
  #ttl(text: string | undefined, options: CacheOptions): number {
    const { ttlMs = this.#settings.ttlMs, negativeTtlMs = defaultNegativeTtlMs } = options
    const asked = text === undefined ? negativeTtlMs : ttlMs
    return Math.max(1, Math.ceil(asked * (1 - this.#settings.random() / 10)))
  }

  async #invalidate(keys: readonly string[], tags: readonly string[]): Promise<void> {
    this.#forget(keys, tags)
    await this.#store?.invalidate(keys, tags)
    // Who loaded between the two may have found the old value in the store.
    this.#forget(keys, tags)
  }

  #forget(keys: readonly string[], tags: readonly string[]): void {
    this.#local.forget(keys, tags)
    for (const [key, loading] of this.#loading)
      if (keys.includes(key) || loading.tags.some((tag) => tags.includes(tag))) this.#disown(key, loading)
  }

  #forgetAll(): void {
    this.#local.clear()
    for (const [key, loading] of this.#loading) this.#disown(key, loading)
  }

  /** Who asks from now on loads anew. */
  #disown(key: string, loading: Loading): void {
    loading.invalidated = true
    this.#loading.delete(key)
  }

  #failed(error: unknown): void {
    this.#counters.storeFailures += 1
    this.#settings.onStoreFailure(error)
  }

  /** A tag that no user can name: there is no NUL in theirs. */
  #subject(subject: string): string {
    return this.#names.of(`subject\0${subject}`)
  }

  #dependsOn({ tags, subjects = noTags }: Pick<CacheOptions, 'tags' | 'subjects'>): readonly string[] {
    if (subjects.length === 0) return this.#digests(tags)
    const both = [...this.#digests(tags), ...subjects.map((subject) => this.#subject(subject))]
    return [...new Set(both)].toSorted()
  }

  #digests(tags: readonly string[] = noTags): readonly string[] {
    return tags.length === 0 ? noTags : [...new Set(tags)].map((tag) => this.#names.of(tag)).toSorted()
  }
}

/**
 * Opens a cache: of this process alone, or over a store that processes share, with a level in this process before it.
 *
 * @throws {@link ConfigurationError} {@link InvalidValueError} for a bad setting
 */
export function openCache({ store, ...options }: OpenCacheOptions = {}): Cache {
  return new LevelledCache(checkSettings(options), store)
}
