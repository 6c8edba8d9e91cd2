import { isLastFailure, jobFailureText, jobRetryDelay, runJob } from '@millrace/contracts'
import type { JobHandler, JobWorker, JsonValue, WorkOptions } from '@millrace/contracts'
import { UnrecoverableError, Worker } from 'bullmq'
import type { Job } from 'bullmq'
import type { Redis } from 'ioredis'

import { createClient, endClient } from '../connection/open-redis.ts'
import { redisFailure } from '../connection/redis-failure.ts'
import { toProgress } from './redis-job.ts'
import type { RedisQueueSettings } from './redis-queue-options.ts'

/** Takes jobs over connections of its own: one of them waits for the next job. */
export class RedisWorker implements JobWorker {
  readonly #client: Redis
  readonly #worker: Worker
  readonly #settings: RedisQueueSettings
  readonly #options: Required<WorkOptions>
  readonly #end = new AbortController()

  constructor(settings: RedisQueueSettings, handle: JobHandler, options: Required<WorkOptions>) {
    this.#settings = settings
    this.#options = options
    const { name, connection, leaseMs, retry, random } = settings
    this.#client = createClient(connection.settings, { maxRetriesPerRequest: null })
    this.#worker = new Worker(name, async (job) => await this.#run(job, handle), {
      connection: this.#client,
      prefix: queuePrefix(settings),
      concurrency: options.concurrency,
      lockDuration: leaseMs,
      stalledInterval: Math.max(50, Math.floor(leaseMs / 2)),
      // Attempts are counted by their beginnings: a job that kills its worker comes to an end too.
      maxStalledCount: retry.maxAttempts,
      maxStartedAttempts: retry.maxAttempts,
      settings: { backoffStrategy: (attempts: number) => jobRetryDelay(retry, attempts, random()) },
    })
    this.#worker.on('error', (error) => options.onProblem(redisFailure(error, connection.server)))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { graceMs } = this.#options
    const timer = setTimeout(
      () => this.#end.abort(new DOMException('the worker ended', 'AbortError')),
      graceMs,
    )
    try {
      await this.#worker.close()
    } finally {
      clearTimeout(timer)
      await endClient(this.#client)
    }
  }

  async #run(job: Job, handle: JobHandler): Promise<void> {
    const running = {
      id: job.id ?? '',
      name: job.name,
      data: job.data as JsonValue,
      attempt: job.attemptsStarted,
      maxAttempts: this.#settings.retry.maxAttempts,
      progress: async (value: JsonValue) => await job.updateProgress(toProgress(value)),
    }
    try {
      await runJob(handle, running, { timeoutMs: this.#options.timeoutMs, signal: this.#end.signal })
    } catch (error) {
      const failed = jobFailureText(error)
      throw isLastFailure(error) ? new UnrecoverableError(failed) : new Error(failed)
    }
  }
}

/** What BullMQ puts before the keys of its queues; the queue is a hash tag, as its scripts take several keys. */
export function queuePrefix({ connection }: RedisQueueSettings): string {
  return `${connection.settings.prefix}:jobs`
}
