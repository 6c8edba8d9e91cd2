import { hash } from 'node:crypto'

import { checkJob, checkSubject, checkWhole, checkWork, createIdFactory } from '@millrace/contracts'
import type {
  EnqueueOptions,
  JobHandler,
  JobQueue,
  JobView,
  JobWorker,
  JsonValue,
  QueueDepth,
  WorkOptions,
} from '@millrace/contracts'

import { prepareSchema } from '../migrations/migrate.ts'
import { parseSchemaName } from '../sql/schema-name.ts'
import type { SqlTransaction } from '../sql/sql-database.ts'
import { JobTable } from './job-table.ts'
import { checkQueueOptions } from './postgres-queue-options.ts'
import type { PostgresQueueOptions, PostgresQueueSettings } from './postgres-queue-options.ts'
import { PostgresWorker } from './postgres-worker.ts'

class PostgresQueue implements JobQueue<SqlTransaction> {
  readonly #settings: PostgresQueueSettings
  readonly #table: JobTable
  readonly #workers = new Set<PostgresWorker>()
  readonly #mint = createIdFactory()

  constructor(settings: PostgresQueueSettings) {
    this.#settings = settings
    this.#table = new JobTable(settings)
  }

  async enqueue(
    name: string,
    data: JsonValue,
    options: EnqueueOptions<SqlTransaction> = {},
  ): Promise<{ readonly id: string }> {
    const text = checkJob(name, data, options)
    const { idempotencyKey, delayMs = 0, subject, tx } = options
    const id = idempotencyKey === undefined ? this.#mint() : `key-${hash('sha256', idempotencyKey)}`
    await this.#table.insert(tx ?? this.#settings.database, {
      id,
      name,
      data: text,
      delayMs,
      subject,
    })
    // Inside a transaction it is not there yet: the next look finds it.
    if (tx === undefined && delayMs === 0) for (const worker of this.#workers) worker.wake()
    return { id }
  }

  work(handle: JobHandler, options?: WorkOptions): JobWorker {
    const worker = new PostgresWorker(this.#settings, this.#table, { handle, options: checkWork(options) })
    this.#workers.add(worker)
    return {
      [Symbol.asyncDispose]: async () => {
        this.#workers.delete(worker)
        await worker[Symbol.asyncDispose]()
      },
    }
  }

  async depth(): Promise<QueueDepth> {
    return await this.#table.depth()
  }

  async find(id: string): Promise<JobView | undefined> {
    return await this.#table.find(id)
  }

  async listDead(limit: number = 100): Promise<readonly JobView[]> {
    checkWhole('limit', limit, { min: 1, max: 1_000 })
    return await this.#table.listDead(limit)
  }

  async retryDead(id: string): Promise<boolean> {
    const revived = await this.#table.revive(id)
    for (const worker of this.#workers) worker.wake()
    return revived
  }

  async removeDead(id: string): Promise<boolean> {
    return await this.#table.remove(id)
  }

  async eraseSubject(subject: string): Promise<number> {
    checkSubject(subject)
    return await this.#table.eraseSubject(subject)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#workers].map(async (worker) => await worker[Symbol.asyncDispose]()))
    this.#workers.clear()
  }
}

/**
 * A queue of jobs in a table, on `pg` and PGlite alike; brings the tables up to this release. A job that is enqueued in a
 * transaction comes and goes with it.
 *
 * @throws {@link ConfigurationError} for a bad schema name or a schema newer than this release
 * @throws {@link InvalidValueError} for another bad setting
 */
export async function openPostgresQueue(options: PostgresQueueOptions): Promise<JobQueue<SqlTransaction>> {
  const settings = checkQueueOptions(options)
  await prepareSchema(settings.database, parseSchemaName(settings.schema), settings.migrate)
  return new PostgresQueue(settings)
}
