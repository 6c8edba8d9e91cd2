import { openCache } from '@millrace/caching'
import { cacheContract } from '@millrace/conformance'
import { openRedis, openRedisCacheStore } from '@millrace/redis'
import { startRedis } from '@millrace/tools/services'
import { expect, test, vi } from 'vitest'

import { openCluster } from './support/one-node-cluster.ts'

cacheContract({
  name: 'a cache in the process',
  open: async () => {
    const cache = openCache()
    return { cache, [Symbol.asyncDispose]: async () => await cache[Symbol.asyncDispose]() }
  },
})

cacheContract({
  name: 'a cache on a cluster',
  open: async () => {
    const cluster = await openCluster()
    const cache = openCache({ store: openRedisCacheStore({ connection: cluster.connection }) })
    return {
      cache,
      [Symbol.asyncDispose]: async () => {
        await cache[Symbol.asyncDispose]()
        await cluster[Symbol.asyncDispose]()
      },
    }
  },
})

test('while Redis is killed values are loaded without waiting, and kept again once it is back', async () => {
  await using server = await startRedis()
  await using connection = await openRedis({ url: server.url })
  const failures: unknown[] = []
  const onStoreFailure = (error: unknown): void => void failures.push(error)
  const store = openRedisCacheStore({ connection })
  await using cache = openCache({ store, awayMs: 50, onStoreFailure })
  let loads = 0
  const ask = async (): Promise<number> => await cache.getOrLoad('price', async () => (loads += 1))
  await ask()
  await server.stop('kill')
  await vi.waitUntil(() => !connection.isReady, 10_000)
  const begin = performance.now()
  for (let n = 0; n < 20; n++) await ask()
  expect(performance.now() - begin).toBeLessThan(1_000)
  expect(loads).toBeGreaterThanOrEqual(20)
  expect(failures).toMatchObject([{ code: 'ERR_CONNECTION' }])
  expect(cache.stats().storeFailures).toBe(1)
  await expect(cache.invalidate('price')).rejects.toMatchObject({ code: 'ERR_CONNECTION' })
  await server.start()
  await vi.waitUntil(async () => {
    const before = loads
    await ask()
    await ask()
    return loads === before
  }, 10_000)
})

test('a server that takes a connection and says nothing is one that cannot be reached', async () => {
  await using server = await startRedis()
  await server.pause()
  try {
    const opening = openRedis({ url: server.url, connectTimeoutMs: 100 })
    await expect(opening).rejects.toMatchObject({ code: 'ERR_CONNECTION' })
  } finally {
    server.resume()
  }
})

test('of many who ask at once one waits for a Redis that hangs, and only for its time', async () => {
  await using server = await startRedis()
  await using connection = await openRedis({ url: server.url, commandTimeoutMs: 100 })
  await using cache = openCache({ store: openRedisCacheStore({ connection }), awayMs: 60_000 })
  await cache.getOrLoad('warm', async () => 1)
  await server.pause()
  try {
    const begin = performance.now()
    await Promise.all(
      Array.from({ length: 50 }, async (_, n) => await cache.getOrLoad(`k${n}`, async () => n)),
    )
    for (let n = 0; n < 50; n++) await cache.getOrLoad(`l${n}`, async () => n)
    expect(performance.now() - begin).toBeLessThan(1_500)
  } finally {
    server.resume()
  }
})
