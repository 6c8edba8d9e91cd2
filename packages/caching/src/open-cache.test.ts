import { expect, test } from 'vitest'

import { openCache } from './open-cache.ts'

test('what takes too many bytes leaves, the longest unused first', async () => {
  await using cache = openCache({ maxLocalBytes: 100_000 })
  for (let n = 0; n < 50; n++) {
    await cache.set(`key-${n}`, 'x'.repeat(1_000))
    await cache.get('key-0')
  }
  const { evictions, localBytes } = cache.stats()
  expect(evictions).toBeGreaterThan(0)
  expect(localBytes).toBeLessThanOrEqual(100_000)
  expect(await cache.get('key-0')).toBeDefined()
  expect(await cache.get('key-1')).toBeUndefined()
  expect(await cache.get('key-49')).toBeDefined()
})

test('a value that is too large is given and not kept', async () => {
  await using cache = openCache({ maxValueBytes: 10 })
  let loads = 0
  const load = async (): Promise<string> => {
    loads += 1
    return 'ä'.repeat(5)
  }
  for (let n = 0; n < 2; n++) expect(await cache.getOrLoad('key', load)).toBe('ä'.repeat(5))
  expect([loads, cache.stats().oversized]).toEqual([2, 2])
})

test('values of one time do not all end at once', async () => {
  let drawn = 0
  await using cache = openCache({ random: () => (drawn++ % 2 === 0 ? 0 : 1) })
  await cache.set('late', 1, { ttlMs: 1_000_000 })
  await cache.set('early', 1, { ttlMs: 1_000_000 })
  expect(drawn).toBe(2)
})

test('hits, misses, loads and failures are counted', async () => {
  await using cache = openCache()
  await cache.getOrLoad('key', async () => 1)
  await cache.getOrLoad('key', async () => 1)
  await expect(cache.getOrLoad('other', async () => await Promise.reject(new Error('no')))).rejects.toThrow(
    'no',
  )
  expect(cache.stats()).toMatchObject({ localHits: 1, storeHits: 0, misses: 2, loads: 2, failedLoads: 1 })
})

test('two caches over one store do not meet, and a bad setting is refused by its name', () => {
  expect(() => openCache({ space: 'a b' })).toThrow(expect.objectContaining({ setting: 'space' }) as Error)
  expect(() => openCache({ maxLocalBytes: -1 })).toThrow(
    expect.objectContaining({ field: 'options.maxLocalBytes' }) as Error,
  )
})

test('so many invalidated tags that they cannot be remembered empty the cache', async () => {
  await using cache = openCache()
  await cache.getOrLoad('key', async () => 1, { tags: ['kept'] })
  for (let n = 0; n < 10_001; n += 10)
    await cache.invalidateTags(Array.from({ length: 10 }, (_, i) => `tag-${n + i}`))
  expect(await cache.get('key', { tags: ['kept'] })).toBeUndefined()
})
