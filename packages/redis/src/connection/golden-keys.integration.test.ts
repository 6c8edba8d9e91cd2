import { readFileSync } from 'node:fs'

import { openCache } from '@millrace/caching'
import type { StoredValue } from '@millrace/contracts'
import { expect, inject, test } from 'vitest'

import { freshPrefix } from '../../fixtures/prefixes.ts'
import { readCacheValue } from '../cache/cache-value.ts'
import { openRedisCacheStore } from '../cache/redis-cache-store.ts'
import { dedupKeys } from '../dedup/dedup-keys.ts'
import { openRedisLocks } from '../locks/redis-locks.ts'
import { openRedis } from './open-redis.ts'

interface Golden {
  readonly dedup: readonly (readonly [prefix: string, source: string, id: string, key: string])[]
  readonly lock: { readonly key: string; readonly fields: Readonly<Record<string, string>> }
  readonly cache: readonly (readonly [string | null, readonly (string | null)[], StoredValue])[]
}

const file = new URL('../../golden/v1/keys.json', import.meta.url)
const golden = JSON.parse(readFileSync(file, 'utf8')) as Golden

test('keys of foreign ids are those of version 1', () => {
  for (const [prefix, source, id, key] of golden.dedup) expect(dedupKeys(prefix, source) + id).toBe(key)
})

test('values of a cache mean what they meant in version 1', () => {
  for (const [value, versions, stored] of golden.cache)
    expect([value, readCacheValue(value, versions)]).toEqual([value, stored])
})

test('a cache writes values of version 1', async () => {
  const prefix = freshPrefix('values')
  await using connection = await openRedis({ url: inject('redis'), prefix })
  await using cache = openCache({ store: openRedisCacheStore({ connection, name: 'shop' }) })
  await cache.getOrLoad('plain', async () => ({ a: 1 }))
  await cache.getOrLoad('absent', async () => undefined)
  await cache.getOrLoad('tagged', async () => 1, { tags: ['catalogue'] })
  const { client } = connection
  const keys = (await client.keys(`${prefix}:cache:{shop}:*`)).toSorted()
  expect(keys.map((key) => key.slice(prefix.length).replace(/[\w-]{43}$/, 'DIGEST'))).toEqual([
    ':cache:{shop}:t:DIGEST',
    ...Array.from({ length: 3 }, () => ':cache:{shop}:v:DIGEST'),
  ])
  const values = await client.mget(keys.filter((key) => key.includes(':v:')))
  const shapes = values.map((value) => value?.replaceAll(/\d{13}/g, 'END').replace(/^t[\w-]{12}/, 'tVERSION'))
  expect(new Set(shapes)).toEqual(new Set(['jEND{"a":1}', 'nEND', 'tVERSION\njEND1']))
})

test('a lock of version 1 is read, and written with the same fields', async () => {
  const { key, fields } = golden.lock
  const prefix = freshPrefix('lock')
  await using connection = await openRedis({ url: inject('redis'), prefix })
  const { client } = connection
  await client.hset(`${prefix}:${key}`, fields)
  await client.sadd(`${prefix}:{locks}:names`, 'rebuild/totals')
  const locks = openRedisLocks({ connection })
  expect(await locks.list()).toMatchObject([
    {
      name: 'rebuild/totals',
      epoch: 7,
      owner: 'host:4711:01KAEXAMPLE',
      expiresAt: new Date(1_795_000_013_000),
      progress: { mark: '0a1b2c3d4e5f60718293:1204:1', behind: 96, since: new Date(1_795_000_003_000) },
      forcedBy: undefined,
    },
  ])
  const asked = await locks.acquire('other', { owner: 'one', ttlMs: 60_000 })
  if (asked.kind !== 'granted') throw new Error('it was free')
  await locks.renew(asked.lock, 60_000, { mark: 'a', behind: 1 })
  const written = await client.hgetall(`${prefix}:{locks}:lock:other`)
  expect(Object.keys(written).toSorted()).toEqual(Object.keys(fields).toSorted())
})
