import { readFileSync } from 'node:fs'

import { dedupContract } from '@millrace/conformance'
import { parseCommitId } from '@millrace/contracts'
import { expect, inject, test } from 'vitest'

import { freshPrefix } from '../../fixtures/prefixes.ts'
import { openRedis } from '../connection/open-redis.ts'
import { dedupKeys } from './dedup-keys.ts'
import { openRedisDedup } from './redis-dedup.ts'

const golden = new URL('../../golden/v1/dedup-values.json', import.meta.url)

interface Golden {
  readonly source: string
  readonly values: Readonly<Record<string, string>>
}

dedupContract({
  name: 'dedup on Redis',
  open: async () => {
    const connection = await openRedis({ url: inject('redis'), prefix: freshPrefix('dedup') })
    return {
      dedup: openRedisDedup({ connection }),
      [Symbol.asyncDispose]: async () => await connection[Symbol.asyncDispose](),
    }
  },
})

test('values of version 1 are read, and written byte for byte', async () => {
  const { source, values } = JSON.parse(readFileSync(golden, 'utf8')) as Golden
  await using connection = await openRedis({ url: inject('redis'), prefix: freshPrefix('golden') })
  const { client, settings } = connection
  const dedup = openRedisDedup({ connection })
  for (const [id, value] of Object.entries(values))
    await client.set(dedupKeys(settings.prefix, source) + id, value, 'PX', 60_000)
  const commitId = parseCommitId('01ARZ3NDEKTSV4RRFFQ69G5FAV')
  expect(await dedup.claim(source, Object.keys(values), { owner: 'two', leaseMs: 1_000 })).toEqual([
    { kind: 'done', id: 'done', commitId },
    { kind: 'processing', id: 'processing', until: new Date(9_999_999_999_999) },
    { kind: 'retry', id: 'released', commitId },
  ])
  await dedup.done(source, [{ id: 'released', commitId }])
  expect(await client.get(dedupKeys(settings.prefix, source) + 'released')).toBe(values['done'])
})

test('an id costs a bounded number of bytes, and leaves by itself', async () => {
  await using connection = await openRedis({ url: inject('redis'), prefix: freshPrefix('bytes') })
  const { client, settings } = connection
  const dedup = openRedisDedup({ connection })
  const id = '0b7c3a52-43f5-4a3c-9b2d-6f6b7d1e1b11'
  const [claim] = await dedup.claim('stripe', [id], { owner: 'host:4711', leaseMs: 1_000 })
  if (claim?.kind !== 'new') throw new Error('it is new')
  await dedup.done('stripe', [claim])
  const key = dedupKeys(settings.prefix, 'stripe') + id
  expect(await client.memory('USAGE', key)).toBeLessThanOrEqual(200)
  const left = await client.pttl(key)
  expect(left).toBeGreaterThan(86_000_000)
  expect(left).toBeLessThanOrEqual(86_400_000)
})
