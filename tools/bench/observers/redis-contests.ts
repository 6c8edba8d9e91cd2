import { openCache } from '@millrace/caching'
import type { Cache, JobWorker, JsonValue } from '@millrace/contracts'
import { openRedis, openRedisCacheStore, openRedisDedup, openRedisQueue } from '@millrace/redis'
import type { RedisConnection } from '@millrace/redis'
import { Queue, Worker } from 'bullmq'
import { Redis } from 'ioredis'
import pg from 'pg'

import type { Contest, Sampler, Sides } from '../harness/contest.ts'
import { atOnce } from '../harness/samplers.ts'
import { median } from '../harness/statistics.ts'
import type { DurablePostgres } from '../store/durable-postgres.ts'
import type { BenchRedis } from './bench-redis.ts'

const [idsTogether, jobsTogether, concurrency] = [100, 500, 50]
const claimOptions = { owner: 'bench', leaseMs: 60_000 } as const
const serial = { workers: 1, size: 1 } as const

/** A record of about 320 bytes as JSON, as a lookup gives it. */
const record = {
  id: '01JDCZ8Z7Q9V7M3T5R1X2W4Y6B',
  name: 'Ada Lovelace',
  email: 'ada@example.org',
  address: { street: '12 St James Square', city: 'London', country: 'GB', postcode: 'SW1Y 4JH' },
  tier: 'gold',
  since: '2019-04-01T09:30:00.000Z',
  limits: { daily: 10_000, monthly: 250_000 },
  tags: ['newsletter', 'beta', 'priority'],
  notes: 'prefers to be called in the morning',
} satisfies JsonValue

/** The time of one call, as the half of them have it. */
function typicalTime(work: () => Promise<unknown>): Sampler {
  return async (ms) => {
    const times: number[] = []
    const end = performance.now() + ms
    do {
      const begin = performance.now()
      await work()
      times.push(performance.now() - begin)
    } while (performance.now() < end)
    return { operations: 1, ms: median(times) }
  }
}

/** Both sides of a contest on one server, each over a connection of its own. */
interface Arena extends AsyncDisposable {
  readonly connection: RedisConnection
  readonly raw: Redis
}

async function openArena(server: BenchRedis): Promise<Arena> {
  const url = await server.url()
  const connection = await openRedis({ url })
  const raw = new Redis(url)
  await raw.flushall()
  return {
    connection,
    raw,
    async [Symbol.asyncDispose]() {
      raw.disconnect()
      await connection[Symbol.asyncDispose]()
    },
  }
}

type SidesOf = (arena: Arena) => Promise<Omit<Sides, typeof Symbol.asyncDispose> & Partial<AsyncDisposable>>

async function openSides(server: BenchRedis, sidesOf: SidesOf): Promise<Sides> {
  const arena = await openArena(server)
  const sides = await sidesOf(arena)
  return {
    measured: sides.measured,
    yardstick: sides.yardstick,
    async [Symbol.asyncDispose]() {
      await sides[Symbol.asyncDispose]?.()
      await arena[Symbol.asyncDispose]()
    },
  }
}

let ids = 0
const nextId = (): string => `evt_${(ids += 1)}`

const checkOne: SidesOf = async ({ connection, raw }) => {
  const dedup = openRedisDedup({ connection })
  return {
    measured: typicalTime(async () => await dedup.claim('bench', [nextId()], claimOptions)),
    yardstick: typicalTime(async () => await raw.set(`raw:${nextId()}`, 'bench', 'PX', 86_400_000, 'NX')),
  }
}

const checkMany: SidesOf = async ({ connection }) => {
  const dedup = openRedisDedup({ connection })
  const together = async (): Promise<unknown> =>
    await dedup.claim('bench', Array.from({ length: idsTogether }, nextId), claimOptions)
  return {
    measured: atOnce({ workers: 1, size: idsTogether }, together),
    yardstick: atOnce(serial, async () => await dedup.claim('bench', [nextId()], claimOptions)),
  }
}

/** A cache whose value is there, and the same value as a bare client has it. */
async function openHit(
  { connection, raw }: Arena,
  maxLocalBytes?: number,
): Promise<{
  readonly cache: Cache
  readonly hit: () => Promise<unknown>
  readonly bare: () => Promise<unknown>
}> {
  const store = openRedisCacheStore({ connection })
  const cache = openCache({ store, ...(maxLocalBytes !== undefined && { maxLocalBytes }) })
  await cache.set('customer', record, { ttlMs: 86_400_000 })
  await raw.set('customer', JSON.stringify(record), 'PX', 86_400_000)
  const miss = async (): Promise<never> => {
    throw new Error('the value is there')
  }
  return {
    cache,
    hit: async () => await cache.getOrLoad('customer', miss, { ttlMs: 86_400_000 }),
    bare: async () => JSON.parse((await raw.get('customer')) ?? '') as unknown,
  }
}

const hitWith =
  (maxLocalBytes?: number): SidesOf =>
  async (arena) => {
    const { cache, hit, bare } = await openHit(arena, maxLocalBytes)
    return {
      measured: typicalTime(hit),
      yardstick: typicalTime(bare),
      [Symbol.asyncDispose]: async () => await cache[Symbol.asyncDispose](),
    }
  }

/** A lookup as an observer makes it, with and without the cache. */
const saved =
  (postgres: DurablePostgres): SidesOf =>
  async (arena) => {
    const pool = new pg.Pool({ connectionString: await postgres.url(), max: 1 })
    await pool.query('drop table if exists bench_customers')
    await pool.query('create table bench_customers (id text primary key, data json not null)')
    await pool.query(`insert into bench_customers select n::text, $1::json from generate_series(1, 1000) n`, [
      JSON.stringify(record),
    ])
    const { cache, hit } = await openHit(arena)
    const load = async (): Promise<unknown> =>
      await pool.query({
        name: 'customer',
        text: 'select data from bench_customers where id = $1',
        values: ['7'],
      })
    return {
      measured: atOnce(serial, hit),
      yardstick: atOnce(serial, load),
      async [Symbol.asyncDispose]() {
        await cache[Symbol.asyncDispose]()
        await pool.query('drop table bench_customers')
        await pool.end()
      },
    }
  }

/** Counts jobs that are done, and tells when a round of them is. */
class Round {
  #left = 0
  #done = Promise.withResolvers<void>()

  begin(jobs: number): Promise<void> {
    this.#left = jobs
    this.#done = Promise.withResolvers<void>()
    return this.#done.promise
  }

  readonly one = async (): Promise<void> => {
    this.#left -= 1
    if (this.#left === 0) this.#done.resolve()
  }
}

/** Enqueues a round of jobs, as many at once as are worked on at once, until all of them are done. */
function rounds(round: Round, enqueue: (n: number) => Promise<unknown>): Sampler {
  return atOnce({ workers: 1, size: jobsTogether }, async () => {
    const done = round.begin(jobsTogether)
    let next = 0
    const producer = async (): Promise<void> => {
      while (next < jobsTogether) await enqueue((next += 1))
    }
    await Promise.all(Array.from({ length: concurrency }, producer))
    await done
  })
}

const jobs: SidesOf = async ({ connection }) => {
  const [ours, theirs] = [new Round(), new Round()]
  const queue = openRedisQueue({ connection, name: 'ours' })
  const worker: JobWorker = queue.work(ours.one, { concurrency })
  const { url } = connection.settings
  const bareClients = [new Redis(url), new Redis(url, { maxRetriesPerRequest: null })] as const
  const [producer, consumer] = bareClients
  const bare = new Queue('theirs', { connection: producer })
  const bareWorker = new Worker('theirs', theirs.one, { connection: consumer, concurrency })
  const kept = { removeOnComplete: { age: 86_400 }, attempts: 3 }
  return {
    measured: rounds(ours, async (n) => await queue.enqueue('job', { ...record, n })),
    yardstick: rounds(theirs, async (n) => await bare.add('job', { ...record, n }, kept)),
    async [Symbol.asyncDispose]() {
      await Promise.all([worker[Symbol.asyncDispose](), bareWorker.close()])
      await Promise.all([queue[Symbol.asyncDispose](), bare.close()])
      for (const client of bareClients) client.disconnect()
    },
  }
}

/** What observers ask of Redis: dedup, cache, queue. */
export function redisContests(server: BenchRedis, postgres: DurablePostgres): readonly Contest[] {
  const open = (sidesOf: SidesOf) => async (): Promise<Sides> => await openSides(server, sidesOf)
  return [
    {
      name: 'dedup of one id, P50',
      unit: 'µs',
      yardstick: 'SET NX PX with ioredis',
      goal: 1.3,
      open: open(checkOne),
    },
    {
      name: `dedup of ${idsTogether} ids in one script`,
      unit: 'ids/s',
      yardstick: 'one id after the other',
      goal: 4,
      open: open(checkMany),
    },
    {
      name: 'cache hit in Redis, P50',
      unit: 'µs',
      yardstick: 'GET and JSON.parse with ioredis',
      goal: 1.25,
      open: open(hitWith(0)),
    },
    {
      name: 'cache hit in the process, P50',
      unit: 'µs',
      yardstick: 'GET and JSON.parse with ioredis',
      open: open(hitWith()),
    },
    {
      name: 'lookup through the cache, end to end',
      unit: 'rows/s',
      yardstick: 'the same by primary key from Postgres',
      goal: 10,
      open: open(saved(postgres)),
    },
    {
      name: `jobs enqueued and done, ${concurrency} at once`,
      unit: 'jobs/s',
      yardstick: 'bare BullMQ',
      goal: 0.85,
      sampleMs: 300,
      open: open(jobs),
    },
  ]
}
