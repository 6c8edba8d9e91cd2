import { typedJobs } from '@millrace/contracts'
import type { JobHandlers } from '@millrace/contracts'

import type { ProcessorContext } from '../definition/processor-context.ts'
import type { AppJobs, JobDefinition } from './job-definition.ts'

function startJob(
  [name, definition]: readonly [string, JobDefinition],
  context: ProcessorContext,
): AsyncDisposable {
  const { queue } = context
  const { schema, concurrency, timeoutMs } = definition
  const own = typedJobs(
    {
      enqueue: async (...parameters) => await queue.enqueue(...parameters),
      work: (handle, options) => queue.workOn(name, handle, options),
    },
    { [name]: schema },
  )
  const handlers: JobHandlers<Readonly<Record<string, typeof schema>>> = {
    [name]: async (job) => await definition.handle(job, context),
  }
  return own.work(handlers, {
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  })
}

/**
 * A worker for each name of the definition; disposing waits for the jobs in hand. What fails a queue itself shows in the status, as the
 * state of the server it is on.
 */
export function startJobs(jobs: AppJobs, context: ProcessorContext): AsyncDisposable {
  const workers = Object.entries(jobs).map((job) => startJob(job, context))
  return {
    [Symbol.asyncDispose]: async () =>
      void (await Promise.all(workers.map(async (worker) => await worker[Symbol.asyncDispose]()))),
  }
}
