import { randomBytes } from 'node:crypto'

import { isMillraceError } from '@millrace/contracts'
import { openRedis, openRedisQueue } from '@millrace/redis'
import { startRedis } from '@millrace/tools/services'
import { describe, expect, inject, test, vi } from 'vitest'

import { Child } from './support/child.ts'
import { openQueue } from './support/open-queue.ts'
import type { QueuePlace } from './support/open-queue.ts'
import type { WorkerOrder } from './support/worker-child.ts'

const fresh = (): string => `test_${randomBytes(5).toString('hex')}`
const places: readonly (readonly [string, () => QueuePlace])[] = [
  ['Redis', () => ({ kind: 'redis', url: inject('redis'), prefix: fresh() })],
  ['Postgres', () => ({ kind: 'postgres', url: inject('servers').postgres, schema: fresh() })],
]

describe.for(places)('a queue on %s', ([, placeOf]) => {
  test('trap 14: gives the jobs of a worker that was killed to another one, and each is done', async () => {
    const place = placeOf()
    await using opened = await openQueue(place)
    const { queue } = opened
    for (let n = 0; n < 12; n++) await queue.enqueue('job', n)
    await using victim = new Child('worker-child.ts', { place, concurrency: 4 } satisfies WorkerOrder)
    const begun: string[] = []
    while (begun.length < 4) begun.push(await victim.line())
    await victim.kill()
    const attempts = new Map<unknown, number[]>()
    await using workers = new AsyncDisposableStack()
    workers.use(
      queue.work(
        async ({ data, attempt }) => void attempts.set(data, [...(attempts.get(data) ?? []), attempt]),
        { concurrency: 4 },
      ),
    )
    await vi.waitUntil(() => attempts.size === 12, 20_000)
    const lost = new Set(begun.map((line) => Number(line.split(' ')[0])))
    for (let n = 0; n < 12; n++) expect(attempts.get(n), `job ${n}`).toEqual([lost.has(n) ? 2 : 1])
    expect(await queue.depth()).toEqual({ waiting: 0, delayed: 0, active: 0, dead: 0 })
  })

  test('counts a crash as an attempt: a job that kills its workers is a dead letter in the end', async () => {
    const place = placeOf()
    await using opened = await openQueue(place)
    const { queue } = opened
    const { id } = await queue.enqueue('poison', 7)
    for (const attempt of [1, 2, 3]) {
      await using victim = new Child('worker-child.ts', { place, concurrency: 1 } satisfies WorkerOrder)
      expect(await victim.line()).toBe(`7 ${attempt}`)
      await victim.kill()
    }
    let runs = 0
    await using workers = new AsyncDisposableStack()
    workers.use(queue.work(async () => void (runs += 1)))
    await vi.waitUntil(async () => (await queue.depth()).dead === 1, 20_000)
    expect([runs, (await queue.find(id))?.state]).toEqual([0, 'dead'])
  })
})

test('trap 14: jobs outlive a Redis that is killed between their enqueueing, their work and their end', async () => {
  await using server = await startRedis({ durable: true })
  await using connection = await openRedis({ url: server.url })
  await using queue = openRedisQueue({ connection, leaseMs: 400, retry: { maxAttempts: 5, initialMs: 20 } })
  const done = new Set<unknown>()
  const kept: number[] = []
  await using workers = new AsyncDisposableStack()
  workers.use(
    queue.work(
      async ({ data }) => {
        await new Promise((resolve) => setTimeout(resolve, 5))
        done.add(data)
      },
      { concurrency: 4 },
    ),
  )
  for (let n = 0; n < 300; n++) {
    if (n === 100 || n === 200) await server.restart('kill')
    try {
      await queue.enqueue('job', n)
      kept.push(n)
    } catch (error) {
      if (!isMillraceError(error) || error.code !== 'ERR_CONNECTION') throw error
      await vi.waitUntil(() => connection.isReady, 10_000)
    }
  }
  expect(kept.length).toBeGreaterThan(200)
  await vi.waitUntil(async () => {
    const { waiting, delayed, active } = await queue.depth()
    return waiting + delayed + active === 0
  }, 20_000)
  expect(kept.filter((n) => !done.has(n))).toEqual([])
})
