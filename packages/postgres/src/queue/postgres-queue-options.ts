import { checkJobRetry, checkQueueName, checkWhole } from '@millrace/contracts'
import type { JobRetryPolicy } from '@millrace/contracts'

import type { MigrateMode } from '../migrations/migrate.ts'
import { defaultSchema } from '../sql/schema-name.ts'
import type { SqlDatabase } from '../sql/sql-database.ts'

/** Settings of {@link openPostgresQueue}; the same for who enqueues and who works. */
export interface PostgresQueueOptions {
  /** Stays the caller's to close. */
  readonly database: SqlDatabase
  /** The schema of the tables. @defaultValue `'millrace'` */
  readonly schema?: string
  /**
   * `run` creates the tables and brings older ones up to this release; `refuse` changes nothing and throws a
   * {@link ConfigurationError} for tables that are missing or older. @defaultValue `'run'`
   */
  readonly migrate?: MigrateMode
  /** 1 to 64 letters, digits, `-`, `_` or `.`. @defaultValue `'default'` */
  readonly name?: string
  /** @defaultValue 3 attempts, 100 ms doubled up to 30 s */
  readonly retry?: JobRetryPolicy
  /** Milliseconds a worker that is silent keeps its jobs: 100 to 3,600,000. @defaultValue 10_000 */
  readonly leaseMs?: number
  /** Milliseconds a job that is done is remembered by its idempotency key: 1,000 to 31 days. @defaultValue 86_400_000 */
  readonly keepDoneMs?: number
  /** Milliseconds between two looks for jobs where there were none: 10 to 60,000. @defaultValue 250 */
  readonly pollMs?: number
  /** A number from 0 to 1, for the pauses between attempts. @defaultValue `Math.random` */
  readonly random?: () => number
}

/** What {@link PostgresQueueOptions} say, checked. */
export interface PostgresQueueSettings extends Required<PostgresQueueOptions> {
  readonly retry: Required<JobRetryPolicy>
}

const defaults = {
  schema: defaultSchema,
  migrate: 'run',
  name: 'default',
  leaseMs: 10_000,
  keepDoneMs: 86_400_000,
  pollMs: 250,
  random: Math.random,
} as const

/** @throws {@link InvalidValueError} */
export function checkQueueOptions(options: PostgresQueueOptions): PostgresQueueSettings {
  const settings = { ...defaults, ...options, retry: checkJobRetry(options.retry) }
  checkQueueName(settings.name)
  checkWhole('options.leaseMs', settings.leaseMs, { min: 100, max: 3_600_000 })
  checkWhole('options.keepDoneMs', settings.keepDoneMs, { min: 1_000, max: 31 * 86_400_000 })
  checkWhole('options.pollMs', settings.pollMs, { min: 10, max: 60_000 })
  return settings
}
