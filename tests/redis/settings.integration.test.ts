import { randomBytes } from 'node:crypto'

import { openCache } from '@millrace/caching'
import type { OpenCacheOptions } from '@millrace/caching'
import type {
  CacheOptions,
  ClaimOptions,
  EnqueueOptions,
  JobQueue,
  JobRetryPolicy,
  WorkOptions,
} from '@millrace/contracts'
import { openPg, openPostgresQueue } from '@millrace/postgres'
import { openRedis, openRedisCacheStore, openRedisDedup, openRedisQueue } from '@millrace/redis'
import type {
  RedisCacheStoreOptions,
  RedisConnection,
  RedisOptions,
  RedisQueueOptions,
} from '@millrace/redis'
import { startRedis } from '@millrace/tools/services'
import { proveSettings } from '@millrace/tools/traps'
import { describe, expect, inject, test, vi } from 'vitest'

const doors = { test, expect }
const fresh = (): string => `test_${randomBytes(5).toString('hex')}`
const waits = { timeout: 10_000, interval: 10 }

async function connect(): Promise<RedisConnection> {
  return await openRedis({ url: inject('redis'), prefix: fresh() })
}

/** A queue of the same name on another connection has the same jobs, one of another name has not. */
async function jobsSeenAs(name: string): Promise<number> {
  await using connection = await connect()
  await using first = openRedisQueue({ connection, name: 'mails' })
  await using second = openRedisQueue({ connection, name })
  await first.enqueue('job', 1)
  return (await second.depth()).waiting
}

async function isDone(queue: JobQueue, id: string): Promise<boolean> {
  return (await queue.find(id))?.state === 'done'
}

/** Whether a job in hand is told to end when its worker does. */
async function isCutOff(queue: Pick<JobQueue, 'enqueue' | 'work'>, options: WorkOptions): Promise<boolean> {
  let aborted = false
  const begun = Promise.withResolvers<void>()
  const worker = queue.work(async ({ signal }) => {
    begun.resolve()
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
    aborted = true
  }, options)
  await queue.enqueue('job', 1)
  await begun.promise
  await worker[Symbol.asyncDispose]()
  return aborted
}

describe('trap 17: of Redis', () => {
  proveSettings<RedisOptions>(
    'redis',
    {
      url: 'a server that does not answer is told by host and port, and never by its password',
      prefix: async () => {
        await using one = await connect()
        await using same = await openRedis({ url: inject('redis'), prefix: one.settings.prefix })
        await using other = await connect()
        const claim = async (connection: RedisConnection): Promise<string | undefined> =>
          (await openRedisDedup({ connection }).claim('shop', ['a'], { owner: 'one', leaseMs: 60_000 }))[0]
            ?.kind
        expect([await claim(one), await claim(same), await claim(other)]).toEqual([
          'new',
          'processing',
          'new',
        ])
      },
      commandTimeoutMs: 'of many who ask at once one waits for a Redis that hangs, and only for its time',
      connectTimeoutMs: 'a server that takes a connection and says nothing is one that cannot be reached',
      whenAway: async () => {
        const url = 'redis://127.0.0.1:1'
        await expect(openRedis({ url })).rejects.toMatchObject({ code: 'ERR_CONNECTION' })
        await using later = await openRedis({ url, whenAway: 'connect-later' })
        expect(later.isReady).toBe(false)
      },
    },
    doors,
  )

  const cached = 'another process that has a value in its own level hears that it was invalidated'
  proveSettings<RedisCacheStoreOptions>(
    'cacheStore',
    {
      connection: cached,
      name: async () => {
        await using connection = await connect()
        const at = (name: string): ReturnType<typeof openRedisCacheStore> =>
          openRedisCacheStore({ connection, name })
        const entry = { text: '1', ttlMs: 60_000, endsAt: Date.now() + 60_000, tags: [] }
        await at('a').write('key', entry)
        expect((await at('a').read('key', [])).kind).toBe('hit')
        expect((await at('b').read('key', [])).kind).toBe('miss')
      },
    },
    doors,
  )

  proveSettings<RedisQueueOptions>(
    'redisQueue',
    {
      connection: 'trap 14: gives the jobs of a worker that was killed to another one, and each is done',
      name: async () => {
        expect(await jobsSeenAs('mails')).toBe(1)
        expect(await jobsSeenAs('others')).toBe(0)
      },
      retry: 'what fails for the last time is a dead letter, which can begin anew or be removed',
      leaseMs: 'trap 14: gives the jobs of a worker that was killed to another one, and each is done',
      keepDoneMs: async () => {
        await using connection = await connect()
        await using queue = openRedisQueue({ connection, keepDoneMs: 1_000 })
        await using workers = new AsyncDisposableStack()
        workers.use(queue.work(async () => undefined))
        const { id } = await queue.enqueue('job', 1)
        await vi.waitUntil(async () => await isDone(queue, id), waits)
        // What is done long enough leaves with the next job that ends.
        const isForgotten = async (): Promise<boolean> => {
          await queue.enqueue('job', 2)
          return (await queue.find(id)) === undefined
        }
        await vi.waitUntil(isForgotten, { ...waits, interval: 100 })
      },
      random: async () => {
        await using connection = await connect()
        let drawn = 0
        const random = (): number => {
          drawn += 1
          return 0
        }
        await using queue = openRedisQueue({ connection, random, retry: { maxAttempts: 2, initialMs: 1 } })
        await using workers = new AsyncDisposableStack()
        workers.use(queue.work(async () => await Promise.reject(new Error('no'))))
        await queue.enqueue('job', 1)
        await vi.waitUntil(async () => (await queue.depth()).dead === 1, waits)
        expect(drawn).toBeGreaterThan(0)
      },
    },
    doors,
  )
})

describe('trap 17: of jobs', () => {
  const drawn = 'pauses double up to their most, and are drawn by lot from their upper half'
  proveSettings<JobRetryPolicy>(
    'jobRetry',
    {
      maxAttempts: 'what fails for the last time is a dead letter, which can begin anew or be removed',
      initialMs: drawn,
      maxMs: drawn,
    },
    doors,
  )

  proveSettings<EnqueueOptions>(
    'enqueue',
    {
      idempotencyKey: 'a job of a known idempotency key is the first one, also once that is done',
      delayMs: 'a delayed job waits for its time',
      subject: 'every job about an erased subject is gone, whatever its state, and no other',
      tx: 'a job comes and goes with the transaction it is enqueued in',
    },
    doors,
  )

  proveSettings<WorkOptions>(
    'work',
    {
      concurrency: 'many jobs are done by two workers, each once, and no more at once than asked for',
      timeoutMs: 'an attempt that takes too long is told so, and failed',
      graceMs: async () => {
        await using connection = await connect()
        await using onRedis = openRedisQueue({ connection })
        await using database = await openPg({ url: inject('servers').postgres, poolSize: 3 })
        const schema = fresh()
        await using onPostgres = await openPostgresQueue({ database, schema, pollMs: 20 })
        for (const queue of [onRedis, onPostgres]) expect(await isCutOff(queue, { graceMs: 10 })).toBe(true)
        await database.script(`drop schema ${schema} cascade`)
      },
      onProblem: async () => {
        await using server = await startRedis()
        await using connection = await openRedis({ url: server.url })
        await using queue = openRedisQueue({ connection })
        const problems: unknown[] = []
        await using workers = new AsyncDisposableStack()
        workers.use(
          queue.work(async () => undefined, { onProblem: (error) => problems.push(error), graceMs: 1 }),
        )
        await server.stop('kill')
        await vi.waitUntil(() => problems.length > 0, waits)
        expect(problems[0]).toMatchObject({ code: 'ERR_CONNECTION' })
      },
    },
    doors,
  )
})

/** How often a value is loaded by a second cache over the same store. */
async function loadsOf(options: Partial<OpenCacheOptions>): Promise<number> {
  await using connection = await connect()
  const store = openRedisCacheStore({ connection })
  await using one = openCache({ store })
  await using two = openCache({ store, ...options })
  let loads = 0
  for (const cache of [one, two])
    await cache.getOrLoad('key', async () => {
      loads += 1
      return 1
    })
  return loads
}

describe('trap 17: of caches and dedup', () => {
  proveSettings<OpenCacheOptions>(
    'cache',
    {
      space: async () => {
        expect(await loadsOf({})).toBe(1)
        expect(await loadsOf({ space: 'another' })).toBe(2)
      },
      store: 'a value that is set takes the place of another, in every process',
      ttlMs: async () => {
        await using cache = openCache({ ttlMs: 1 })
        const asks = async (): Promise<boolean> => {
          await cache.getOrLoad('key', async () => 1)
          return cache.stats().loads > 1
        }
        await vi.waitUntil(asks, { ...waits, interval: 5 })
        expect(cache.stats().misses).toBeGreaterThan(1)
      },
      metrics: 'trap 16: every metric of the catalogue has a cause above, and is shown',
      maxLocalBytes: 'what takes too many bytes leaves, the longest unused first',
      maxLocalMs: async () => {
        await using connection = await connect()
        const store = openRedisCacheStore({ connection })
        await using cache = openCache({ store, maxLocalMs: 1 })
        await cache.getOrLoad('key', async () => 1)
        const asks = async (): Promise<boolean> => {
          await cache.getOrLoad('key', async () => 2)
          return cache.stats().storeHits > 2
        }
        await vi.waitUntil(asks, { ...waits, interval: 5 })
        expect(cache.stats().loads).toBe(1)
      },
      maxValueBytes: 'a value that is too large is given and not kept',
      awayMs: 'of many who ask at once one waits for a Redis that hangs, and only for its time',
      random: 'values of one time do not all end at once',
      onStoreFailure:
        'while Redis is killed values are loaded without waiting, and kept again once it is back',
    },
    doors,
  )

  const ends = 'a value ends with its time, and an absence with its own'
  proveSettings<CacheOptions>(
    'cacheValue',
    {
      ttlMs: ends,
      negativeTtlMs: ends,
      tags: 'a tag invalidates all that depends on it, in every process, and nothing else',
      subjects: 'what tells of an erased subject is gone everywhere, and nothing else is',
    },
    doors,
  )

  const freed = 'a claim whose owner crashed is free after its lease, under the commit id it had'
  proveSettings<ClaimOptions>(
    'claim',
    {
      owner: 'a claim that is released is free at once, under the commit id it had',
      leaseMs: freed,
      ttlMs: 'after its time an id is forgotten, done or not, and processed again under another commit id',
    },
    doors,
  )
})
