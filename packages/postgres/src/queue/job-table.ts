import type { JobView, JsonValue, QueueDepth } from '@millrace/contracts'

import { inSchema, parseSchemaName } from '../sql/schema-name.ts'
import type { SchemaName } from '../sql/schema-name.ts'
import type { SqlSession } from '../sql/sql-database.ts'
import {
  buryJobs,
  countJobs,
  endJob,
  eraseJobs,
  failJob,
  forgetJobs,
  insertJob,
  readDeadJobs,
  readJob,
  removeJob,
  renewJobs,
  reviveJob,
  takeJobs,
  tellProgress,
  vacuumJobs,
} from './job-statements.ts'
import type { PostgresQueueSettings } from './postgres-queue-options.ts'

/** A job that is this worker's for a while. */
export interface TakenJob {
  readonly id: string
  readonly name: string
  readonly data: string
  readonly attempts: number
  readonly max_attempts: number
}

interface ViewRow {
  readonly id: string
  readonly name: string
  readonly data: string
  readonly state: JobView['state']
  readonly attempts: number
  readonly progress: string | null
  readonly error: string | null
}

function viewOf({ data, progress, error, ...rest }: ViewRow): JobView {
  return {
    ...rest,
    data: JSON.parse(data) as JsonValue,
    progress: progress === null ? undefined : (JSON.parse(progress) as JsonValue),
    error: error ?? undefined,
  }
}

/** A job that is enqueued. */
export interface NewJob {
  readonly id: string
  readonly name: string
  readonly data: string
  readonly delayMs: number
  readonly subject: string | undefined
}

/** A failed attempt. */
export interface JobFailure {
  readonly error: string
  readonly pauseMs: number
  readonly last: boolean
}

/** The jobs of one queue, statement by statement. */
export class JobTable {
  readonly #settings: PostgresQueueSettings
  readonly #schema: SchemaName

  constructor(settings: PostgresQueueSettings) {
    this.#settings = settings
    this.#schema = parseSchemaName(settings.schema)
  }

  async insert(session: SqlSession, job: NewJob): Promise<void> {
    const { name, retry } = this.#settings
    const values = [name, job.id, job.name, job.data, job.delayMs, retry.maxAttempts, job.subject ?? null]
    await session.execute(inSchema(insertJob, this.#schema), values)
  }

  async take(token: string, limit: number): Promise<readonly TakenJob[]> {
    await this.#execute(buryJobs, [])
    return await this.#query<TakenJob>(takeJobs, [token, this.#settings.leaseMs, limit])
  }

  /** Gives the ids that are still the token's. */
  async renew(ids: readonly string[], token: string): Promise<ReadonlySet<string>> {
    const rows = await this.#query<{ id: string }>(renewJobs, [ids, token, this.#settings.leaseMs])
    return new Set(rows.map(({ id }) => id))
  }

  async end(id: string, token: string): Promise<void> {
    await this.#execute(endJob, [id, token])
  }

  async fail(id: string, token: string, { error, pauseMs, last }: JobFailure): Promise<void> {
    await this.#execute(failJob, [id, token, error, pauseMs, last])
  }

  async progress(id: string, token: string, value: JsonValue): Promise<void> {
    await this.#execute(tellProgress, [id, token, JSON.stringify(value)])
  }

  async forget(): Promise<void> {
    await this.#execute(forgetJobs, [this.#settings.keepDoneMs])
  }

  async depth(): Promise<QueueDepth> {
    const [row] = await this.#query<QueueDepth>(countJobs, [])
    return row ?? { waiting: 0, delayed: 0, active: 0, dead: 0 }
  }

  async find(id: string): Promise<JobView | undefined> {
    const [row] = await this.#query<ViewRow>(readJob, [id])
    return row && viewOf(row)
  }

  async listDead(limit: number): Promise<readonly JobView[]> {
    return (await this.#query<ViewRow>(readDeadJobs, [limit])).map(viewOf)
  }

  async revive(id: string): Promise<boolean> {
    return (await this.#execute(reviveJob, [id])) > 0
  }

  async remove(id: string): Promise<boolean> {
    return (await this.#execute(removeJob, [id])) > 0
  }

  async eraseSubject(subject: string): Promise<number> {
    const erased = await this.#execute(eraseJobs, [subject])
    // Also where nothing was left to erase: an earlier try may have been killed between the two.
    await this.#settings.database.script(inSchema(vacuumJobs, this.#schema))
    return erased
  }

  async #query<Row extends object>(statement: string, values: readonly unknown[]): Promise<readonly Row[]> {
    const { database, name } = this.#settings
    return await database.query<Row>(inSchema(statement, this.#schema), [name, ...values])
  }

  async #execute(statement: string, values: readonly unknown[]): Promise<number> {
    const { database, name } = this.#settings
    return await database.execute(inSchema(statement, this.#schema), [name, ...values])
  }
}
