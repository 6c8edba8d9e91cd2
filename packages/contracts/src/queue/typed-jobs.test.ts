import { expect, expectTypeOf, test } from 'vitest'
import { z } from 'zod'

import { InvalidValueError } from '../errors/value-errors.ts'
import type { JobHandler, JobQueue, RunningJob } from './job-queue.ts'
import { typedJobs } from './typed-jobs.ts'

const definitions = {
  mail: z.object({ to: z.string(), copies: z.number().default(1) }),
  'close-books': z.null(),
}

/** A queue that keeps what it is given, and its handler. */
function keeping() {
  const enqueued: unknown[] = []
  let handler: JobHandler | undefined
  const queue: Pick<JobQueue, 'enqueue' | 'work'> = {
    enqueue: async (name, data) => {
      enqueued.push([name, data])
      return { id: 'one' }
    },
    work: (handle) => {
      handler = handle
      return { [Symbol.asyncDispose]: async () => undefined }
    },
  }
  const run = async (name: string, data: RunningJob['data']): Promise<void> =>
    await handler?.({
      id: 'one',
      name,
      data,
      attempt: 1,
      maxAttempts: 3,
      signal: new AbortController().signal,
      progress: async () => undefined,
    })
  return { queue, enqueued, run }
}

test('names and data are known to the compiler, and data is checked before it is enqueued', async () => {
  const { queue, enqueued } = keeping()
  const jobs = typedJobs(queue, definitions)
  await jobs.enqueue('mail', { to: 'ada' })
  await jobs.enqueue('close-books', null)
  // @ts-expect-error: there is no such job
  await expect(jobs.enqueue('fax', null)).rejects.toMatchObject({ field: 'name' })
  // @ts-expect-error: `to` is text
  await expect(jobs.enqueue('mail', { to: 7 })).rejects.toMatchObject({
    code: 'ERR_INVALID_VALUE',
    field: 'data.to',
  })
  expect(enqueued).toEqual([
    ['mail', { to: 'ada' }],
    ['close-books', null],
  ])
})

test('a handler gets what its schema makes of the data; a job nobody knows fails for good', async () => {
  const { queue, run } = keeping()
  const mails: unknown[] = []
  typedJobs(queue, definitions).work({
    mail: async ({ data }) => {
      expectTypeOf(data).toEqualTypeOf<{ to: string; copies: number }>()
      mails.push(data)
    },
    'close-books': async () => undefined,
  })
  await run('mail', { to: 'ada' })
  expect(mails).toEqual([{ to: 'ada', copies: 1 }])
  await expect(run('fax', null)).rejects.toMatchObject({ retryable: false })
  await expect(run('mail', { to: 7 })).rejects.toBeInstanceOf(InvalidValueError)
})
