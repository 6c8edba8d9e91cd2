import type { StandardSchemaV1 } from '@standard-schema/spec'

import type { JsonValue } from '../envelope/metadata.ts'
import { InvalidValueError } from '../errors/value-errors.ts'
import type { Schema } from '../events/schema.ts'
import type { EnqueueOptions, JobHandler, JobQueue, JobWorker, WorkOptions } from './job-queue.ts'

/** The names of a queue's jobs, each with the schema of its data. */
export type JobDefinitions = Readonly<Record<string, Schema>>

/** The data of jobs of a schema, as handlers get it. */
export type JobDataOf<Definition extends Schema> = StandardSchemaV1.InferOutput<Definition>

/** A handler for each name. */
export type JobHandlers<Jobs extends JobDefinitions> = {
  readonly [Name in keyof Jobs]: JobHandler<JobDataOf<Jobs[Name]>>
}

/** A queue whose names and data are known to the compiler, and checked where they come in and where they are handled. */
export interface TypedJobs<Jobs extends JobDefinitions, Tx = never> {
  /** @throws {@link InvalidValueError} for data that breaks its schema */
  enqueue<Name extends keyof Jobs & string>(
    name: Name,
    data: StandardSchemaV1.InferInput<Jobs[Name]>,
    options?: EnqueueOptions<Tx>,
  ): Promise<{ readonly id: string }>
  /** A job of another name, or with data that breaks its schema, fails for the last time at once. */
  work(handlers: JobHandlers<Jobs>, options?: WorkOptions): JobWorker
}

function validated(schema: Schema, data: unknown): unknown {
  const result = schema['~standard'].validate(data)
  if (result instanceof Promise) throw new InvalidValueError('data', 'checked by a synchronous schema')
  if (result.issues === undefined) return result.value
  const [issue] = result.issues
  const path = (issue?.path ?? []).map((part) => String(typeof part === 'object' ? part.key : part))
  throw new InvalidValueError(['data', ...path].join('.'), `as its schema says (${issue?.message ?? ''})`)
}

/** Puts names and schemas before a queue. */
export function typedJobs<const Jobs extends JobDefinitions, Tx = never>(
  queue: Pick<JobQueue<Tx>, 'enqueue' | 'work'>,
  definitions: Jobs,
): TypedJobs<Jobs, Tx> {
  const schemaOf = (name: string): Schema => {
    const schema = Object.hasOwn(definitions, name) ? definitions[name] : undefined
    if (schema === undefined) throw new InvalidValueError('name', 'one of the names that are defined')
    return schema
  }
  return {
    enqueue: async (name, data, options) => {
      validated(schemaOf(name), data)
      return await queue.enqueue(name, data as JsonValue, options)
    },
    work: (handlers, options) =>
      queue.work(async (job) => {
        const data = validated(schemaOf(job.name), job.data)
        const handle = handlers[job.name] as JobHandler<unknown>
        await handle({ ...job, data })
      }, options),
  }
}
