import { checkJobRetry, checkWork, ConfigurationError, InvalidValueError } from '@millrace/contracts'
import type { JobDataOf, JobRetryPolicy, RunningJob, Schema } from '@millrace/contracts'

import type { ProcessorContext } from '../definition/processor-context.ts'

/** The jobs of one name: their data, and what does them. The app runs a worker for each name. */
export interface JobDefinition<Data extends Schema = Schema> {
  /** Of the data: what breaks it is refused where it is enqueued with `typedJobs`, and dead at once where it is not. */
  readonly schema: Data
  /** Does one job. A rejection is a failed attempt; an error with `retryable: false` is the last one. */
  handle(job: RunningJob<JobDataOf<Data>>, context: ProcessorContext): Promise<void>
  /** @defaultValue 3 attempts, 100 ms doubled up to 30 s */
  readonly retry?: JobRetryPolicy
  /** Jobs at once in each process: 1 to 1,000. @defaultValue 1 */
  readonly concurrency?: number
  /** Milliseconds an attempt may take: 1 to a day. @defaultValue 30_000 */
  readonly timeoutMs?: number
}

/** The jobs of an app, by name. */
export type AppJobs = Readonly<Record<string, JobDefinition>>

/** Defines the jobs of one name, with the type of their data told by its schema. */
export function defineJob<const Data extends Schema>(definition: JobDefinition<Data>): JobDefinition<Data> {
  return Object.freeze({ ...definition })
}

/** A name is also that of its queue. @throws {@link ConfigurationError} naming the job and what is wrong with it */
export function checkJobDefinition(name: string, { retry, concurrency, timeoutMs }: JobDefinition): void {
  if (!/^[a-z][\w.-]{0,63}$/i.test(name) || name === 'default')
    throw new ConfigurationError(
      `jobs.${name}`,
      'must have a name of 1 to 64 letters, digits, "-", "_" or ".", which begins with a letter and is not "default"',
    )
  try {
    checkJobRetry(retry)
    checkWork({
      ...(concurrency === undefined ? {} : { concurrency }),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    })
  } catch (error) {
    if (!(error instanceof InvalidValueError)) throw error
    const at = error.field.replace(/^options/, `jobs.${name}`)
    throw new ConfigurationError(at, `must be ${error.rule}`, { cause: error })
  }
}

/** How often the jobs of each name are tried; undefined for the default. */
export function retriesOf(jobs: AppJobs): ReadonlyMap<string, JobRetryPolicy | undefined> {
  return new Map(Object.entries(jobs).map(([name, { retry }]) => [name, retry]))
}
