import { checkWhole, ConfigurationError, maxCacheTtlMs, noMetrics } from '@millrace/contracts'
import type { CacheStore, Metrics } from '@millrace/contracts'

/** Settings of {@link openCache}. */
export interface OpenCacheOptions {
  /** Keeps its values apart from those of other caches of the store: 1 to 64 letters, digits, `-`, `_` or `.`. @defaultValue `'default'` */
  readonly space?: string
  /** What several processes share; stays the caller's to close. @defaultValue none: the cache is this process's own */
  readonly store?: CacheStore
  /** Milliseconds a value is kept whose caller says nothing else: 1 to a day. @defaultValue 60_000 */
  readonly ttlMs?: number
  /** Bytes the values in this process may take: 0 (none are kept) to 1 GiB. @defaultValue 32 MiB */
  readonly maxLocalBytes?: number
  /**
   * Milliseconds a value stays in this process before the store is asked again, where there is one: what another process
   * invalidated is gone by then, whatever became of the message. @defaultValue 5_000
   */
  readonly maxLocalMs?: number
  /** Bytes of one value as JSON: a larger one is loaded each time. @defaultValue 1 MiB */
  readonly maxValueBytes?: number
  /** Milliseconds after a failure of the store in which it is not asked: values are loaded. @defaultValue 500 */
  readonly awayMs?: number
  /** A number from 0 to 1, for the spread of ends. @defaultValue `Math.random` */
  readonly random?: () => number
  /** Where hits, misses and evictions are shown, by `space`. @defaultValue nowhere */
  readonly metrics?: Metrics
  /** Told of every failure of the store that was done without. @defaultValue nothing is told */
  readonly onStoreFailure?: (error: unknown) => void
}

/** What {@link OpenCacheOptions} say, checked. */
export type CacheSettings = Required<Omit<OpenCacheOptions, 'store'>>

const gibibyte = 1024 ** 3

const defaults = {
  space: 'default',
  ttlMs: 60_000,
  maxLocalBytes: 32 * 1024 ** 2,
  maxLocalMs: 5_000,
  maxValueBytes: 1024 ** 2,
  awayMs: 500,
  random: Math.random,
  metrics: noMetrics,
  onStoreFailure: () => undefined,
} as const satisfies CacheSettings

/** @throws {@link ConfigurationError} {@link InvalidValueError} */
export function checkSettings(options: OpenCacheOptions): CacheSettings {
  const settings = { ...defaults, ...options }
  if (!/^[\w.-]{1,64}$/.test(settings.space))
    throw new ConfigurationError('space', 'must be 1 to 64 letters, digits, "-", "_" or "."')
  checkWhole('options.ttlMs', settings.ttlMs, { min: 1, max: maxCacheTtlMs })
  checkWhole('options.maxLocalBytes', settings.maxLocalBytes, { min: 0, max: gibibyte })
  checkWhole('options.maxLocalMs', settings.maxLocalMs, { min: 1, max: 86_400_000 })
  checkWhole('options.maxValueBytes', settings.maxValueBytes, { min: 1, max: gibibyte })
  checkWhole('options.awayMs', settings.awayMs, { min: 0, max: 3_600_000 })
  return settings
}
