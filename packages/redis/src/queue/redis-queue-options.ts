import { checkJobRetry, checkQueueName, checkWhole } from '@millrace/contracts'
import type { JobRetryPolicy } from '@millrace/contracts'

import type { RedisConnection } from '../connection/open-redis.ts'

/** Settings of {@link openRedisQueue}; the same for who enqueues and who works. */
export interface RedisQueueOptions {
  /** Stays the caller's to close. */
  readonly connection: RedisConnection
  /** 1 to 64 letters, digits, `-`, `_` or `.`; it is its hash tag in a cluster. @defaultValue `'default'` */
  readonly name?: string
  /** @defaultValue 3 attempts, 100 ms doubled up to 30 s */
  readonly retry?: JobRetryPolicy
  /** Milliseconds a worker that is silent keeps its jobs: 100 to 3,600,000. @defaultValue 10_000 */
  readonly leaseMs?: number
  /** Milliseconds a job that is done is remembered by its idempotency key: 1,000 to 31 days. @defaultValue 86_400_000 */
  readonly keepDoneMs?: number
  /** A number from 0 to 1, for the pauses between attempts. @defaultValue `Math.random` */
  readonly random?: () => number
}

/** What {@link RedisQueueOptions} say, checked. */
export interface RedisQueueSettings extends Required<RedisQueueOptions> {
  readonly retry: Required<JobRetryPolicy>
}

const defaults = { name: 'default', leaseMs: 10_000, keepDoneMs: 86_400_000, random: Math.random } as const

/** @throws {@link InvalidValueError} */
export function checkQueueOptions(options: RedisQueueOptions): RedisQueueSettings {
  const settings = { ...defaults, ...options, retry: checkJobRetry(options.retry) }
  checkQueueName(settings.name)
  checkWhole('options.leaseMs', settings.leaseMs, { min: 100, max: 3_600_000 })
  checkWhole('options.keepDoneMs', settings.keepDoneMs, { min: 1_000, max: 31 * 86_400_000 })
  return settings
}
