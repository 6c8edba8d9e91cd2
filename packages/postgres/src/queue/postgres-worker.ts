import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'

import { isLastFailure, jobFailureText, jobRetryDelay, runJob } from '@millrace/contracts'
import type { JobHandler, JobWorker, JsonValue, WorkOptions } from '@millrace/contracts'

import type { JobTable, TakenJob } from './job-table.ts'
import type { PostgresQueueSettings } from './postgres-queue-options.ts'

const forgetEveryMs = 60_000

/** A job in hand. */
interface InHand {
  readonly done: Promise<void>
  /** Aborted when another worker has it, or this one has to end. */
  readonly end: AbortController
}

/** Takes jobs as it has hands free, looks again where there were none, and renews what it has. */
export class PostgresWorker implements JobWorker {
  readonly #settings: PostgresQueueSettings
  readonly #table: JobTable
  readonly #handle: JobHandler
  readonly #options: Required<WorkOptions>
  readonly #token: string = randomUUID()
  readonly #inHand = new Map<string, InHand>()
  readonly #stop = new AbortController()
  readonly #taking: Promise<void>
  readonly #keeping: Promise<void>
  /** Settles when there may be something to take. */
  #wake = Promise.withResolvers<void>()
  #forgottenAt = performance.now()

  constructor(
    settings: PostgresQueueSettings,
    table: JobTable,
    { handle, options }: { readonly handle: JobHandler; readonly options: Required<WorkOptions> },
  ) {
    this.#settings = settings
    this.#table = table
    this.#handle = handle
    this.#options = options
    this.#taking = this.#takeUntilStopped()
    this.#keeping = this.#keepUntilStopped()
  }

  /** A job may be there: looks now instead of later. */
  wake(): void {
    this.#wake.resolve()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    this.wake()
    await this.#taking
    const jobs = [...this.#inHand.values()]
    const timer = setTimeout(() => {
      for (const { end } of jobs) end.abort(new DOMException('the worker ended', 'AbortError'))
    }, this.#options.graceMs)
    await Promise.all(jobs.map(async ({ done }) => await done))
    clearTimeout(timer)
    await this.#keeping
  }

  async #takeUntilStopped(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const free = this.#options.concurrency - this.#inHand.size
      const taken =
        free === 0 ? [] : await this.#attempt(async () => await this.#table.take(this.#token, free))
      for (const job of taken ?? []) this.#begin(job)
      await this.#forgetSome()
      // A full hand of jobs says that there may be more.
      if (free > 0 && taken?.length === free && this.#options.concurrency > this.#inHand.size) continue
      await this.#pause()
    }
  }

  /** Until something wakes it, at the latest after `pollMs`. */
  async #pause(): Promise<void> {
    if (this.#stop.signal.aborted) return
    const timer = setTimeout(() => this.wake(), this.#settings.pollMs)
    await this.#wake.promise
    clearTimeout(timer)
    this.#wake = Promise.withResolvers<void>()
  }

  #begin(job: TakenJob): void {
    const end = new AbortController()
    const done = this.#run(job, end.signal).finally(() => {
      this.#inHand.delete(job.id)
      this.wake()
    })
    this.#inHand.set(job.id, { done, end })
  }

  async #run(job: TakenJob, signal: AbortSignal): Promise<void> {
    const { id, name, attempts: attempt, max_attempts: maxAttempts } = job
    const progress = async (value: JsonValue): Promise<void> =>
      await this.#table.progress(id, this.#token, value)
    try {
      const data = JSON.parse(job.data) as JsonValue
      const { timeoutMs } = this.#options
      await runJob(this.#handle, { id, name, data, attempt, maxAttempts, progress }, { timeoutMs, signal })
    } catch (error) {
      await this.#failed(job, error)
      return
    }
    // What could not be noted runs again once its lease has ended.
    await this.#attempt(async () => await this.#table.end(id, this.#token))
  }

  async #failed({ id, attempts, max_attempts: maxAttempts }: TakenJob, error: unknown): Promise<void> {
    const { retry, random } = this.#settings
    const last = isLastFailure(error) || attempts >= maxAttempts
    const pauseMs = jobRetryDelay(retry, attempts, random())
    const failure = { error: jobFailureText(error), pauseMs, last }
    await this.#attempt(async () => await this.#table.fail(id, this.#token, failure))
  }

  /** Renews what is in hand three times in a lease; what is another worker's is let go. */
  async #keepUntilStopped(): Promise<void> {
    const { signal } = this.#stop
    while (!signal.aborted || this.#inHand.size > 0) {
      // Once it is stopped, it looks often enough to notice that the last job is done.
      const pause = signal.aborted ? sleep(50) : sleep(this.#settings.leaseMs / 3, undefined, { signal })
      await pause.catch(() => undefined)
      const ids = [...this.#inHand.keys()]
      if (ids.length === 0) continue
      const kept = await this.#attempt(async () => await this.#table.renew(ids, this.#token))
      if (kept === undefined) continue
      for (const id of ids)
        if (!kept.has(id))
          this.#inHand.get(id)?.end.abort(new DOMException('another worker has the job', 'AbortError'))
    }
  }

  async #forgetSome(): Promise<void> {
    if (performance.now() - this.#forgottenAt < forgetEveryMs) return
    this.#forgottenAt = performance.now()
    await this.#attempt(async () => await this.#table.forget())
  }

  /** A database that is away is told, and asked again with the next look. */
  async #attempt<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work()
    } catch (error) {
      this.#options.onProblem(error)
      return undefined
    }
  }
}
