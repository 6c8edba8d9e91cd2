import { openCache } from '@millrace/caching'
import { cacheContract } from '@millrace/conformance'
import { expect, inject, test, vi } from 'vitest'

import { everything } from '../../fixtures/everything.ts'
import { freshPrefix } from '../../fixtures/prefixes.ts'
import { openRedis } from '../connection/open-redis.ts'
import { openRedisCacheStore } from './redis-cache-store.ts'

for (const maxLocalBytes of [0, 1_000_000])
  cacheContract({
    name: maxLocalBytes === 0 ? 'a cache on Redis alone' : 'a cache on Redis with a level before it',
    open: async () => {
      const connection = await openRedis({ url: inject('redis'), prefix: freshPrefix('cache') })
      const store = openRedisCacheStore({ connection })
      const [cache, elsewhere] = [openCache({ store, maxLocalBytes }), openCache({ store, maxLocalBytes })]
      return {
        cache,
        elsewhere,
        [Symbol.asyncDispose]: async () => {
          await cache[Symbol.asyncDispose]()
          await elsewhere[Symbol.asyncDispose]()
          await connection[Symbol.asyncDispose]()
        },
      }
    },
  })

test('neither keys nor tags lie in Redis as text', async () => {
  const prefix = freshPrefix('secrets')
  await using connection = await openRedis({ url: inject('redis'), prefix })
  await using cache = openCache({ store: openRedisCacheStore({ connection }) })
  await cache.getOrLoad('token=s3cret', async () => 1, { tags: ['ada@example.org'] })
  await cache.invalidate('token=other-s3cret')
  const keys = await connection.client.keys(`${prefix}*`)
  expect(keys).toHaveLength(3)
  expect(keys.join()).not.toMatch(/s3cret|ada/)
})

test('another process that has a value in its own level hears that it was invalidated', async () => {
  await using connection = await openRedis({ url: inject('redis'), prefix: freshPrefix('hears') })
  const store = openRedisCacheStore({ connection })
  const settings = { store, maxLocalMs: 3_600_000 }
  await using one = openCache(settings)
  await using two = openCache(settings)
  const ask = async (): Promise<number> => await two.getOrLoad('price', async () => 1)
  // A level keeps nothing until it can hear.
  await vi.waitUntil(async () => (await ask()) === 1 && two.stats().localHits > 0, 10_000)
  await one.set('price', 2)
  await vi.waitUntil(async () => (await ask()) === 2, 10_000)
  await one.invalidate('price')
  await vi.waitUntil(async () => (await two.get('price')) === undefined, 10_000)
})

test('a tag that Redis threw out costs a load, and brings nothing old back', async () => {
  const prefix = freshPrefix('evicted')
  await using connection = await openRedis({ url: inject('redis'), prefix })
  await using cache = openCache({ store: openRedisCacheStore({ connection }), maxLocalBytes: 0 })
  const options = { tags: ['catalogue'] }
  await cache.getOrLoad('price', async () => 1, options)
  await cache.invalidateTags(options.tags)
  const [tag = ''] = await connection.client.keys(`${prefix}:cache:*:t:*`)
  await connection.client.del(tag)
  expect(await cache.getOrLoad('price', async () => 2, options)).toBe(2)
})

test('nothing of an erased subject is left in any key, and no load from before it comes after it', async () => {
  const prefix = freshPrefix('erased')
  await using connection = await openRedis({ url: inject('redis'), prefix })
  await using cache = openCache({ store: openRedisCacheStore({ connection }) })
  await using late = openCache({ store: openRedisCacheStore({ connection }), maxLocalBytes: 0 })
  const options = { subjects: ['customer-17'], tags: ['customers'] }
  await cache.set('profile', 'Grace Hopper', options)
  await cache.getOrLoad('order', async () => 'for Grace Hopper', { subjects: ['customer-1', 'customer-17'] })
  await cache.set('other', 'Ada', { subjects: ['customer-1'] })
  const [begun, goes] = [Promise.withResolvers<void>(), Promise.withResolvers<string>()]
  const load = async (): Promise<string> => {
    begun.resolve()
    return await goes.promise
  }
  const loaded = late.getOrLoad('late', load, options)
  await begun.promise
  expect(await everything(connection.client, prefix)).toContain('Hopper')
  await cache.eraseSubject('customer-17')
  goes.resolve('Grace Hopper, late')
  expect(await loaded).toContain('late')
  const left = await everything(connection.client, prefix)
  expect(left).not.toContain('Hopper')
  expect(left).toContain('Ada')
})

test('a write that began before its subject was erased keeps nothing', async () => {
  const prefix = freshPrefix('late')
  await using connection = await openRedis({ url: inject('redis'), prefix })
  const store = openRedisCacheStore({ connection })
  const read = await store.read('key', ['subject'])
  if (read.kind !== 'miss') throw new Error('there is nothing yet')
  await store.erase('subject')
  const entry = { text: '"Grace Hopper"', ttlMs: 60_000, endsAt: Date.now() + 60_000, tags: ['subject'] }
  await store.write('key', entry, read.ticket)
  expect(await everything(connection.client, prefix)).not.toContain('Hopper')
  await store.write('key', entry)
  expect(await everything(connection.client, prefix)).toContain('Hopper')
})
