import { jobQueueContract } from '@millrace/conformance'
import { expect, inject, test, vi } from 'vitest'

import { everything } from '../../fixtures/everything.ts'
import { freshPrefix } from '../../fixtures/prefixes.ts'
import { openRedis } from '../connection/open-redis.ts'
import { openRedisQueue } from './redis-queue.ts'

const retry = { maxAttempts: 3, initialMs: 20 }

jobQueueContract({
  name: 'a queue on Redis',
  open: async () => {
    const connection = await openRedis({ url: inject('redis'), prefix: freshPrefix('jobs') })
    const queue = openRedisQueue({ connection, retry })
    return {
      queue,
      [Symbol.asyncDispose]: async () => {
        await queue[Symbol.asyncDispose]()
        await connection[Symbol.asyncDispose]()
      },
    }
  },
})

test('a transaction is refused: there is none on Redis', async () => {
  await using connection = await openRedis({ url: inject('redis'), prefix: freshPrefix('tx') })
  await using queue = openRedisQueue({ connection })
  const tx = {} as never
  await expect(queue.enqueue('job', null, { tx })).rejects.toMatchObject({ code: 'ERR_NOT_SUPPORTED' })
  expect((await queue.depth()).waiting).toBe(0)
})

test('nothing of an erased subject is left in any key, what its jobs failed with included', async () => {
  const prefix = freshPrefix('erased')
  await using connection = await openRedis({ url: inject('redis'), prefix })
  await using queue = openRedisQueue({ connection, retry: { maxAttempts: 1 } })
  {
    await using worker = queue.work(async (job) => {
      await job.progress('told Grace Hopper')
      throw new Error('no such mailbox: grace@hopper.example')
    })
    const { id } = await queue.enqueue('mail', { to: 'grace@hopper.example' }, { subject: 'customer-17' })
    await vi.waitUntil(async () => (await queue.find(id))?.state === 'dead', 10_000)
    expect(worker).toBeDefined()
  }
  await queue.enqueue('mail', { to: 'ada@example.org' }, { subject: 'customer-1' })
  expect(await everything(connection.client, prefix)).toContain('hopper')
  expect(await queue.eraseSubject('customer-17')).toBe(1)
  const left = await everything(connection.client, prefix)
  expect(left).not.toMatch(/hopper|customer-17/i)
  expect(left).toContain('ada@example.org')
})

test('an idempotency key does not lie in Redis as text', async () => {
  const prefix = freshPrefix('keys')
  await using connection = await openRedis({ url: inject('redis'), prefix })
  await using queue = openRedisQueue({ connection })
  await queue.enqueue('job', null, { idempotencyKey: 'token=s3cret' })
  const keys = await connection.client.keys(`${prefix}*`)
  expect(keys.length).toBeGreaterThan(1)
  expect(keys.join()).not.toContain('s3cret')
})
