import { randomUUID } from 'node:crypto'

import {
  checkAcquireLock,
  checkForceRelease,
  checkLockName,
  checkRenewLock,
  FencedError,
  reachingLockDriver,
} from '@millrace/contracts'
import type {
  AcquireLockOptions,
  Lock,
  LockAttempt,
  LockDriver,
  LockProgress,
  LockView,
} from '@millrace/contracts'

import { prepareSchema } from '../migrations/migrate.ts'
import type { MigrateMode } from '../migrations/migrate.ts'
import { defaultSchema, inSchema, parseSchemaName } from '../sql/schema-name.ts'
import type { SchemaName } from '../sql/schema-name.ts'
import type { SqlDatabase } from '../sql/sql-database.ts'
import {
  forceLock,
  readHolder,
  readLock,
  readLocks,
  releaseLock,
  renewLock,
  takeLock,
} from './lock-statements.ts'

/** Settings of {@link openPostgresLocks}. */
export interface PostgresLocksOptions {
  /** Stays the caller's to close. */
  readonly database: SqlDatabase
  /** The schema of the tables. @defaultValue `'millrace'` */
  readonly schema?: string
  /**
   * `run` creates the tables and brings older ones up to this release; `refuse` changes nothing and throws a
   * {@link ConfigurationError} for tables that are missing or older. @defaultValue `'run'`
   */
  readonly migrate?: MigrateMode
}

interface HolderRow {
  readonly owner: string | null
  readonly expires_at: Date | null
  readonly free: boolean
}

interface LockRow extends HolderRow {
  readonly name: string
  readonly epoch: number
  readonly acquired_at: Date | null
  readonly renewed_at: Date | null
  readonly progress_mark: string | null
  readonly progress_behind: number | null
  readonly progress_since: Date | null
  readonly forced_by: string | null
  readonly read_at: Date
}

function progressOf({
  progress_mark: mark,
  progress_behind: behind,
  progress_since: since,
}: LockRow): LockView['progress'] {
  return mark === null || behind === null || since === null ? undefined : { mark, behind, since }
}

function viewOf(row: LockRow): LockView {
  const state = row.owner === null ? 'free' : row.free ? 'expired' : 'held'
  return {
    name: row.name,
    epoch: row.epoch,
    state,
    owner: row.owner ?? undefined,
    acquiredAt: row.acquired_at ?? undefined,
    renewedAt: row.renewed_at ?? undefined,
    expiresAt: row.expires_at ?? undefined,
    progress: progressOf(row),
    forcedBy: row.forced_by ?? undefined,
    readAt: row.read_at,
  }
}

class PostgresLocks implements LockDriver {
  readonly #database: SqlDatabase
  readonly #schema: SchemaName

  constructor(database: SqlDatabase, schema: SchemaName) {
    this.#database = database
    this.#schema = schema
  }

  async acquire(name: string, options: AcquireLockOptions): Promise<LockAttempt> {
    checkAcquireLock(name, options)
    for (;;) {
      const attempt = (await this.#take(name, options)) ?? (await this.#whyNot(name))
      // Undefined: the lock became free between the two statements.
      if (attempt !== undefined) return attempt
    }
  }

  async renew(lock: Lock, ttlMs: number, progress?: LockProgress): Promise<void> {
    checkRenewLock(ttlMs, progress)
    const { name, token, epoch } = lock
    const values = [name, token, ttlMs, progress?.mark ?? null, progress?.behind ?? null]
    if ((await this.#execute(renewLock, values)) > 0) return
    const view = await this.inspect(name)
    const currentEpoch = view?.owner === undefined ? undefined : view.epoch
    throw new FencedError(`lock ${name}`, { epoch, currentEpoch })
  }

  async release({ name, token }: Lock): Promise<void> {
    await this.#execute(releaseLock, [name, token])
  }

  async inspect(name: string): Promise<LockView | undefined> {
    checkLockName(name)
    const [row] = await this.#query<LockRow>(readLock, [name])
    return row && viewOf(row)
  }

  async list(): Promise<readonly LockView[]> {
    return (await this.#query<LockRow>(readLocks, [])).map(viewOf)
  }

  async forceRelease(name: string, by: string): Promise<boolean> {
    checkForceRelease(name, by)
    return (await this.#execute(forceLock, [name, by])) > 0
  }

  async #take(
    name: string,
    { owner, ttlMs, above = 0 }: AcquireLockOptions,
  ): Promise<LockAttempt | undefined> {
    const token = randomUUID()
    const [row] = await this.#query<{ epoch: number; expires_at: Date }>(takeLock, [
      name,
      owner,
      token,
      ttlMs,
      above,
    ])
    if (row === undefined) return undefined
    return { kind: 'granted', lock: { name, owner, token, epoch: row.epoch, expiresAt: row.expires_at } }
  }

  async #whyNot(name: string): Promise<LockAttempt | undefined> {
    const [row] = await this.#query<HolderRow>(readHolder, [name])
    if (row === undefined || row.free || row.owner === null || row.expires_at === null) return undefined
    return { kind: 'busy', heldBy: row.owner, until: row.expires_at }
  }

  async #query<Row extends object>(statement: string, values: readonly unknown[]): Promise<readonly Row[]> {
    const text = inSchema(statement, this.#schema)
    return await reachingLockDriver(
      this.#database.kind,
      async () => await this.#database.query<Row>(text, values),
    )
  }

  async #execute(statement: string, values: readonly unknown[]): Promise<number> {
    const text = inSchema(statement, this.#schema)
    return await reachingLockDriver(
      this.#database.kind,
      async () => await this.#database.execute(text, values),
    )
  }
}

/**
 * Opens locks in a database, on `pg` and PGlite alike, and brings the tables up to this release. Nothing is held but the
 * database, so there is nothing to close. What is written under a lock is guarded by `guardLock`.
 *
 * @throws {@link ConfigurationError} for a bad schema name or a schema newer than this release
 */
export async function openPostgresLocks(options: PostgresLocksOptions): Promise<LockDriver> {
  const schema = parseSchemaName(options.schema ?? defaultSchema)
  await prepareSchema(options.database, schema, options.migrate)
  return new PostgresLocks(options.database, schema)
}
