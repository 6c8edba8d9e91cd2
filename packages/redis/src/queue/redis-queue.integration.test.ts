import { jobQueueContract } from '@millrace/conformance'
import { expect, inject, test } from 'vitest'

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

test('an idempotency key does not lie in Redis as text', async () => {
  const prefix = freshPrefix('keys')
  await using connection = await openRedis({ url: inject('redis'), prefix })
  await using queue = openRedisQueue({ connection })
  await queue.enqueue('job', null, { idempotencyKey: 'token=s3cret' })
  const keys = await connection.client.keys(`${prefix}*`)
  expect(keys.length).toBeGreaterThan(1)
  expect(keys.join()).not.toContain('s3cret')
})
