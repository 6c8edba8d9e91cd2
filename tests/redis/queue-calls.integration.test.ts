import { randomBytes } from 'node:crypto'

import { expect, inject, test, vi } from 'vitest'

import { Child } from './support/child.ts'
import type { CountedOrder } from './support/counted-child.ts'
import { openQueue } from './support/open-queue.ts'

const side = 4

function order(killAt: number): CountedOrder {
  const prefix = `test_${randomBytes(5).toString('hex')}`
  return { place: { kind: 'redis', url: inject('redis'), prefix }, killAt }
}

/** Answers of Redis to a process that enqueues a job, fails at it and does it. */
async function countAnswers(): Promise<number> {
  await using child = new Child('counted-child.ts', order(0))
  return Number(await child.line())
}

/** Kills such a process between two of its calls, and lets another one go on. */
async function goOnAfter(killAt: number): Promise<string | undefined> {
  const { place } = order(killAt)
  await using victim = new Child('counted-child.ts', { place, killAt } satisfies CountedOrder)
  await victim.ended()
  await using opened = await openQueue(place)
  const { queue } = opened
  // Nothing where it is there already: a job that is known by its key and lies in no list would never be done.
  const { id } = await queue.enqueue('job', 1, { idempotencyKey: 'the one' })
  await using workers = new AsyncDisposableStack()
  workers.use(queue.work(async () => undefined))
  await vi.waitUntil(async () => (await queue.find(id))?.state === 'done', { timeout: 10_000, interval: 20 })
  const { waiting, delayed, active, dead } = await queue.depth()
  return waiting + delayed + active + dead === 0 ? undefined : `something is left after answer ${killAt}`
}

test('trap 14: a process killed between any two of its calls to Redis strands no job', async () => {
  const answers = await countAnswers()
  // Enqueueing, taking it, failing, waiting, taking it again, ending it.
  expect(answers).toBeGreaterThan(10)
  const rest = Array.from({ length: answers }, (_, n) => n + 1).values()
  const problems: unknown[] = []
  const lane = async (): Promise<void> => {
    for (const killAt of rest)
      problems.push(
        await goOnAfter(killAt).catch((error: unknown) => `killed at answer ${killAt}: ${String(error)}`),
      )
  }
  await Promise.all(Array.from({ length: side }, lane))
  expect(problems.filter((problem) => problem !== undefined)).toEqual([])
  expect(problems).toHaveLength(answers)
}, 90_000)
