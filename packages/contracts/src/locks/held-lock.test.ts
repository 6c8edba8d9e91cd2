import { expect, test, vi } from 'vitest'

import { FencedError, LockDriverUnavailableError } from '../errors/operation-errors.ts'
import { holdLock } from './held-lock.ts'
import type { Lock, LockDriver, LockProgress } from './lock-driver.ts'

const lock: Lock = { name: 'rebuild/totals', owner: 'one', token: 't', epoch: 3, expiresAt: new Date(0) }

/** A driver of one lock that answers as it is told. */
function scripted(renew: (progress: LockProgress | undefined) => void) {
  const released: Lock[] = []
  const refuse = async (): Promise<never> => {
    throw new Error('not asked for here')
  }
  const driver: LockDriver = {
    acquire: refuse,
    inspect: refuse,
    list: refuse,
    forceRelease: refuse,
    renew: async (_lock, _ttlMs, progress) => renew(progress),
    release: async (given) => void released.push(given),
  }
  return { driver, released }
}

test('a driver that is away costs nothing as long as nobody took the lock', async () => {
  let asked = 0
  const problems: unknown[] = []
  const { driver, released } = scripted(() => {
    asked += 1
    if (asked === 1) throw new LockDriverUnavailableError('scripted')
  })
  {
    await using held = holdLock(driver, lock, { ttlMs: 60, onProblem: (error) => problems.push(error) })
    await vi.waitUntil(() => asked >= 3)
    expect(held.lost.aborted).toBe(false)
  }
  expect(problems).toMatchObject([{ code: 'ERR_LOCK_DRIVER_UNAVAILABLE', retryable: true }])
  expect(released).toEqual([lock])
})

test('a lock that was lost is neither renewed nor released any more', async () => {
  let asked = 0
  const { driver, released } = scripted(() => {
    asked += 1
    throw new FencedError('lock rebuild/totals', { epoch: 3, currentEpoch: 4 })
  })
  const held = holdLock(driver, lock, { ttlMs: 30 })
  await vi.waitUntil(() => held.lost.aborted)
  expect(held.lost.reason).toMatchObject({ code: 'ERR_FENCED', epoch: 3, currentEpoch: 4 })
  await held[Symbol.asyncDispose]()
  expect([asked, released]).toEqual([1, []])
})

test('each renewal tells how far the work has got; where that cannot be told, the lock is renewed all the same', async () => {
  const told: (LockProgress | undefined)[] = []
  const problems: unknown[] = []
  const { driver } = scripted((progress) => void told.push(progress))
  let behind = 3
  await using held = holdLock(driver, lock, {
    ttlMs: 3_000,
    onProblem: (error) => problems.push(error),
    progress: async () => {
      if (behind === 1) throw new Error('the log is away')
      behind -= 1
      return { mark: `at ${behind}`, behind }
    },
  })
  await held.renew()
  await held.renew()
  await held.renew()
  expect(problems).toEqual([expect.objectContaining({ message: 'the log is away' })])
  expect(told).toEqual([{ mark: 'at 2', behind: 2 }, { mark: 'at 1', behind: 1 }, undefined])
})

test('work that does not answer how far it is keeps its lock', async () => {
  let renewed = 0
  const problems: unknown[] = []
  const { driver, released } = scripted(() => void (renewed += 1))
  {
    await using held = holdLock(driver, lock, {
      ttlMs: 90,
      onProblem: (error) => problems.push(error),
      progress: () => new Promise<undefined>(() => undefined),
    })
    await vi.waitUntil(() => renewed >= 3)
    expect(held.lost.aborted).toBe(false)
  }
  expect(problems.length).toBeGreaterThanOrEqual(3)
  expect(released).toEqual([lock])
})

test('a time no driver grants is refused', () => {
  const { driver } = scripted(() => undefined)
  expect(() => holdLock(driver, lock, { ttlMs: 0 })).toThrow(
    expect.objectContaining({ code: 'ERR_INVALID_VALUE', field: 'options.ttlMs' }) as Error,
  )
})
