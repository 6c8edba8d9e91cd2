import { jobQueueContract } from '@millrace/conformance'
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest'

import { drivers } from '../../fixtures/databases.ts'
import { freshSchema } from '../../fixtures/schemas.ts'
import { openPg } from '../sql/pg-database.ts'
import type { SqlDatabase } from '../sql/sql-database.ts'
import { openPostgresQueue } from './postgres-queue.ts'

const retry = { maxAttempts: 3, initialMs: 20 }
let queues = 0

for (const [driver, open] of drivers) {
  const schema = freshSchema('jobs')
  let shared: Promise<SqlDatabase> | undefined
  // In a hook: an embedded database may take longer to open and migrate than a test may last.
  beforeAll(async () => {
    shared = open()
    await openPostgresQueue({ database: await shared, schema })
  })
  afterAll(async () => await (await shared)?.[Symbol.asyncDispose]())
  jobQueueContract({
    name: `a queue on ${driver}`,
    open: async () => {
      const database = await (shared ??= open())
      const name = `queue-${(queues += 1)}`
      const queue = await openPostgresQueue({ database, schema, name, retry, pollMs: 20 })
      return { queue, [Symbol.asyncDispose]: async () => await queue[Symbol.asyncDispose]() }
    },
  })
}

test('a job comes and goes with the transaction it is enqueued in', async () => {
  await using database = await openPg({ url: inject('servers').postgres })
  const schema = freshSchema('tx')
  await using queue = await openPostgresQueue({ database, schema, pollMs: 20 })
  const done: unknown[] = []
  await using workers = new AsyncDisposableStack()
  workers.use(queue.work(async ({ data }) => void done.push(data)))
  const failing = database.transaction(async (tx) => {
    await queue.enqueue('mail', 'rolled back', { tx })
    throw new Error('the order was refused')
  })
  await expect(failing).rejects.toThrow('the order was refused')
  await database.transaction(async (tx) => await queue.enqueue('mail', 'committed', { tx }))
  await vi.waitUntil(() => done.length > 0, 10_000)
  expect(done).toEqual(['committed'])
})

test('what is done leaves the table after its time', async () => {
  await using database = await openPg({ url: inject('servers').postgres })
  const schema = freshSchema('forgotten')
  await using queue = await openPostgresQueue({ database, schema, keepDoneMs: 1_000, pollMs: 20 })
  const { id } = await queue.enqueue('mail', null, { idempotencyKey: 'one' })
  await using workers = new AsyncDisposableStack()
  workers.use(queue.work(async () => undefined))
  await vi.waitUntil(async () => (await queue.find(id))?.state === 'done', 10_000)
  await database.execute(`update ${schema}.jobs set ended_at = ended_at - interval '1 day'`)
  const now = vi.spyOn(performance, 'now').mockImplementation(() => Date.now() + 120_000)
  try {
    await vi.waitUntil(async () => (await queue.find(id)) === undefined, 10_000)
  } finally {
    now.mockRestore()
  }
})
