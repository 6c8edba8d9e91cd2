import { hash } from 'node:crypto'

import {
  checkJob,
  checkSubject,
  checkWhole,
  checkWork,
  createIdFactory,
  NotSupportedError,
} from '@millrace/contracts'
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
import { Queue } from 'bullmq'
import type { Job } from 'bullmq'
import type { Redis } from 'ioredis'

import { eraseJobs } from './erase-jobs.ts'
import type { SubjectOption } from './erase-jobs.ts'
import { jobView } from './redis-job.ts'
import { checkQueueOptions } from './redis-queue-options.ts'
import type { RedisQueueOptions, RedisQueueSettings } from './redis-queue-options.ts'
import { queuePrefix, RedisWorker } from './redis-worker.ts'

class RedisQueue implements JobQueue {
  readonly #settings: RedisQueueSettings
  readonly #queue: Queue
  readonly #mint = createIdFactory()

  constructor(settings: RedisQueueSettings) {
    this.#settings = settings
    this.#queue = new Queue(settings.name, {
      connection: settings.connection.client,
      prefix: queuePrefix(settings),
    })
    // What fails is told to who called; without a listener the driver would print it.
    this.#queue.on('error', () => undefined)
  }

  async enqueue(
    name: string,
    data: JsonValue,
    options: EnqueueOptions = {},
  ): Promise<{ readonly id: string }> {
    checkJob(name, data, options)
    if (options.tx !== undefined)
      throw new NotSupportedError('options.tx: a queue on Redis has no transactions')
    const { idempotencyKey, delayMs = 0, subject } = options
    const about: SubjectOption = subject === undefined ? {} : { subject }
    const { retry, keepDoneMs } = this.#settings
    const id = idempotencyKey === undefined ? this.#mint() : `key-${hash('sha256', idempotencyKey)}`
    await this.#send(async () =>
      this.#queue.add(name, data, {
        jobId: id,
        delay: delayMs,
        attempts: retry.maxAttempts,
        backoff: { type: 'custom' },
        removeOnComplete: { age: Math.ceil(keepDoneMs / 1_000) },
        removeOnFail: false,
        stackTraceLimit: 0,
        ...about,
      }),
    )
    return { id }
  }

  work(handle: JobHandler, options?: WorkOptions): JobWorker {
    return new RedisWorker(this.#settings, handle, checkWork(options))
  }

  async depth(): Promise<QueueDepth> {
    const counts = await this.#send(
      async () => await this.#queue.getJobCounts('waiting', 'prioritized', 'delayed', 'active', 'failed'),
    )
    const of = (state: string): number => counts[state] ?? 0
    return {
      waiting: of('waiting') + of('prioritized'),
      delayed: of('delayed'),
      active: of('active'),
      dead: of('failed'),
    }
  }

  async find(id: string): Promise<JobView | undefined> {
    return await this.#send(async () => {
      const job = await this.#job(id)
      return job && jobView(job, await job.getState())
    })
  }

  async listDead(limit: number = 100): Promise<readonly JobView[]> {
    checkWhole('limit', limit, { min: 1, max: 1_000 })
    const jobs = await this.#send(async () => await this.#queue.getJobs(['failed'], 0, limit - 1, true))
    return jobs.map((job) => jobView(job, 'failed')).filter((view) => view !== undefined)
  }

  async retryDead(id: string): Promise<boolean> {
    return await this.#send(async () => {
      const job = await this.#dead(id)
      await job?.retry('failed', { resetAttemptsMade: true, resetAttemptsStarted: true })
      return job !== undefined
    })
  }

  async removeDead(id: string): Promise<boolean> {
    return await this.#send(async () => {
      const job = await this.#dead(id)
      await job?.remove()
      return job !== undefined
    })
  }

  async eraseSubject(subject: string): Promise<number> {
    checkSubject(subject)
    return await this.#send(async (client) => await eraseJobs(client, this.#queue, subject))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#queue.close()
  }

  async #job(id: string): Promise<Job | undefined> {
    return (await this.#queue.getJob(id)) as Job | undefined
  }

  async #dead(id: string): Promise<Job | undefined> {
    const job = await this.#job(id)
    return job !== undefined && (await job.getState()) === 'failed' ? job : undefined
  }

  async #send<T>(work: (client: Redis) => Promise<T>): Promise<T> {
    return await this.#settings.connection.send(work)
  }
}

/**
 * A queue of jobs on a Redis server, on BullMQ: each change of a job is one script, so none is lost between two of them. A
 * server that may not lose what was enqueued writes an append-only file; see docs/reference/redis-keys.md.
 *
 * @throws {@link InvalidValueError} for a bad setting
 */
export function openRedisQueue(options: RedisQueueOptions): JobQueue {
  return new RedisQueue(checkQueueOptions(options))
}
