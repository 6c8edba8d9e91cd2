import { ConfigurationError } from '@millrace/contracts'

/** What a store's JetStream stream is to be like. */
export interface StreamSettings {
  /** Copies of every event, on as many servers: 1, 3 or 5. @defaultValue what the stream has; 1 where it is created */
  readonly replicas?: number
  /** Where events lie. Cannot be changed later. @defaultValue what the stream has; `'file'` where it is created */
  readonly storage?: 'file' | 'memory'
  /** The most bytes the stream may take; above it appends are refused. @defaultValue what the stream has; no limit */
  readonly maxBytes?: number
  /**
   * The most consumers the stream may have. Each long read and each process that follows the log has one. Cannot be changed
   * later.
   * @defaultValue what the stream has; the server's own limit
   */
  readonly maxConsumers?: number
}

/** How long JetStream itself remembers commit ids; beyond it a repeat is looked for in its stream. */
export const duplicateWindowMs = 120_000

const namePattern = /^[A-Za-z0-9_-]{1,63}$/

/** @throws {@link ConfigurationError} for a name that is no name of a JetStream stream and no subject token */
export function checkStoreName(name: string): void {
  if (typeof name !== 'string' || !namePattern.test(name))
    throw new ConfigurationError('name', 'must be 1 to 63 characters of A-Z a-z 0-9 _ -')
}

function checkCount(setting: string, value: number | undefined): void {
  if (value === undefined || (Number.isSafeInteger(value) && value >= 1)) return
  throw new ConfigurationError(setting, 'must be a whole number from 1 up')
}

/** @throws {@link ConfigurationError} naming the setting and the rule */
export function checkStreamSettings({ replicas, storage, maxBytes, maxConsumers }: StreamSettings): void {
  if (replicas !== undefined && ![1, 3, 5].includes(replicas))
    throw new ConfigurationError('replicas', 'must be 1, 3 or 5')
  if (storage !== undefined && storage !== 'file' && storage !== 'memory')
    throw new ConfigurationError('storage', "must be 'file' or 'memory'")
  checkCount('maxBytes', maxBytes)
  checkCount('maxConsumers', maxConsumers)
}
