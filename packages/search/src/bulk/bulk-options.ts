import { ConfigurationError } from '@millrace/contracts'
import type { Metrics } from '@millrace/contracts'

/** How documents are gathered before they are written. */
export interface BulkOptions {
  /** As many documents are written in one call; 1 to 10_000. @defaultValue 1000 */
  readonly maxDocuments?: number
  /** About as many bytes are written in one call; 1000 to 50_000_000. @defaultValue 1_000_000 */
  readonly maxBytes?: number
  /** Milliseconds a document waits for others; 0 to 60_000. @defaultValue 200 */
  readonly maxWaitMs?: number
  /** Calls under way at once; 1 to 16. @defaultValue 2 */
  readonly inFlight?: number
  /** How often a document is tried that the engine is too busy for; 1 to 100. @defaultValue 8 */
  readonly maxAttempts?: number
  /** Milliseconds before the second attempt, doubling up to 5 s, the upper half at random; 1 to 5000. @defaultValue 50 */
  readonly retryMs?: number
  /** From 0 to below 1. @defaultValue `Math.random` */
  readonly random?: () => number
}

/** Settings of a `BulkIndexer`. */
export interface BulkIndexerOptions extends BulkOptions {
  /** Where calls and documents are counted, by index. @defaultValue nowhere */
  readonly metrics?: Metrics
}

const bulkDefaults: Required<BulkOptions> = {
  maxDocuments: 1000,
  maxBytes: 1_000_000,
  maxWaitMs: 200,
  inFlight: 2,
  maxAttempts: 8,
  retryMs: 50,
  random: Math.random,
}

const ranges = {
  maxDocuments: [1, 10_000],
  maxBytes: [1000, 50_000_000],
  maxWaitMs: [0, 60_000],
  inFlight: [1, 16],
  maxAttempts: [1, 100],
  retryMs: [1, 5000],
} as const

/** Fills in the defaults. @throws {@link ConfigurationError} naming the setting */
export function checkBulkOptions(options: BulkOptions): Required<BulkOptions> {
  const all = { ...bulkDefaults, ...options }
  for (const [name, [min, max]] of Object.entries(ranges)) {
    const value = all[name as keyof typeof ranges]
    if (!Number.isSafeInteger(value) || value < min || value > max)
      throw new ConfigurationError(`bulk.${name}`, `must be a whole number from ${min} to ${max}`)
  }
  return all
}
