import type { JsonValue } from '../envelope/metadata.ts'

/** How long a value is kept, and what it depends on. */
export interface CacheOptions {
  /** Milliseconds a value is kept: 1 to a day. Up to a tenth less, so that values of one time do not all end at once. @defaultValue 60_000 */
  readonly ttlMs?: number
  /** The same for an absence: a load that gave undefined. @defaultValue 10_000 */
  readonly negativeTtlMs?: number
  /** What the value depends on; invalidating one of them invalidates it: at most 16, of 1 to 200 bytes. @defaultValue none */
  readonly tags?: readonly string[]
  /** The data subjects whom the value tells of; it is erased with each of them: at most 16. @defaultValue none */
  readonly subjects?: readonly string[]
}

/** Since the cache was opened. */
export interface CacheStats {
  /** Answered from the level in this process. */
  readonly localHits: number
  /** Answered from the store. */
  readonly storeHits: number
  /** Found nowhere. */
  readonly misses: number
  /** Loads that were begun; of several who ask at once one loads. */
  readonly loads: number
  readonly failedLoads: number
  /** Values that left the level in this process to make room. */
  readonly evictions: number
  /** Values that were not kept because they were too large. */
  readonly oversized: number
  /** Times the store could not be reached, and was done without. */
  readonly storeFailures: number
  /** Bytes of the values in the level in this process. */
  readonly localBytes: number
}

/**
 * Values that can be loaded again, kept for a while. A cache is never the only place of a value, and never a reason to
 * wait or to fail: while its store is away, values are loaded.
 *
 * Keys are 1 to 1,000 bytes of any text and may hold personal data or secrets: no store, error or log gets to see them.
 * Values are JSON. A value that was loaded before it was invalidated is not kept after it.
 *
 * Every cache passes `cacheContract`. All methods throw {@link InvalidValueError} for bad input.
 */
export interface Cache extends AsyncDisposable {
  /**
   * The value of a key: as it is kept, else as it is loaded now. All who ask while it is loaded get that load's outcome; a
   * load that fails is told to all of them, and nothing is kept. Undefined is kept too, as an absence.
   */
  getOrLoad<T extends JsonValue | undefined>(
    key: string,
    load: () => Promise<T>,
    options?: CacheOptions,
  ): Promise<T>
  /** The value that is kept; undefined for none, and for an absence. Its tags and subjects must be named. */
  get(key: string, options?: Pick<CacheOptions, 'tags' | 'subjects'>): Promise<JsonValue | undefined>
  /** Keeps a value, also in place of another one. */
  set(key: string, value: JsonValue, options?: CacheOptions): Promise<void>
  /** Forgets a key in every process. @throws {@link ConnectionError} where others could not be told */
  invalidate(key: string): Promise<void>
  /** Forgets every value that depends on one of these, in every process. @throws {@link ConnectionError} as above */
  invalidateTags(tags: readonly string[]): Promise<void>
  /**
   * Forgets every value about a data subject, in every process, and takes away what is kept of it: in this process and in the
   * store. May be repeated. @throws {@link ConnectionError} as above
   */
  eraseSubject(subject: string): Promise<void>
  stats(): CacheStats
}
