import { lockDriverContract } from '@millrace/conformance'
import { expect, inject, test } from 'vitest'

import { openLocks } from '../../fixtures/open-locks.ts'
import { freshPrefix } from '../../fixtures/prefixes.ts'
import { openRedis } from '../connection/open-redis.ts'
import { openRedisLocks } from './redis-locks.ts'

const prefix = freshPrefix('locks')

lockDriverContract({
  name: 'locks on Redis',
  open: async () => await openLocks({ url: inject('redis'), prefix }),
  elsewhere: {
    module: new URL('../../fixtures/open-locks.ts', import.meta.url).href,
    export: 'openLocks',
    argument: () => ({ url: inject('redis'), prefix }),
  },
})

test('an epoch far from the beginning stays exact', async () => {
  await using connection = await openRedis({ url: inject('redis'), prefix: freshPrefix('epochs') })
  const locks = openRedisLocks({ connection })
  const above = Number.MAX_SAFE_INTEGER - 3
  const asked = await locks.acquire('far', { owner: 'one', ttlMs: 60_000, above })
  expect(asked).toMatchObject({ kind: 'granted', lock: { epoch: above + 1 } })
  expect(await locks.forceRelease('far', 'ada')).toBe(true)
  expect(await locks.inspect('far')).toMatchObject({ epoch: above + 2, state: 'free', forcedBy: 'ada' })
})

test('scripts a server has forgotten are sent again', async () => {
  await using connection = await openRedis({ url: inject('redis'), prefix: freshPrefix('scripts') })
  const locks = openRedisLocks({ connection })
  await connection.client.script('FLUSH')
  const asked = await locks.acquire('one', { owner: 'one', ttlMs: 60_000 })
  expect(asked).toMatchObject({ kind: 'granted', lock: { epoch: 1 } })
})

test('a connection that is closed is a driver that cannot be reached, not a free lock', async () => {
  const connection = await openRedis({ url: inject('redis'), prefix: freshPrefix('away') })
  const driver = openRedisLocks({ connection })
  const asked = await driver.acquire('rebuild/totals', { owner: 'one', ttlMs: 60_000 })
  if (asked.kind !== 'granted') throw new Error('the lock was free')
  await connection[Symbol.asyncDispose]()
  const unreachable = { code: 'ERR_LOCK_DRIVER_UNAVAILABLE', driver: 'redis', retryable: true }
  await expect(driver.acquire('rebuild/totals', { owner: 'two', ttlMs: 1_000 })).rejects.toMatchObject(
    unreachable,
  )
  await expect(driver.renew(asked.lock, 1_000)).rejects.toMatchObject(unreachable)
  await expect(driver.release(asked.lock)).rejects.toMatchObject(unreachable)
  await expect(driver.list()).rejects.toMatchObject(unreachable)
})
