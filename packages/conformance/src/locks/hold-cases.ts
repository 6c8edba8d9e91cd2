import { holdLock } from '@millrace/contracts'

import { holds, refused, same } from '../suite/assertions.ts'
import { freshName } from '../suite/fixtures.ts'
import { waitUntil } from '../suite/wait-until.ts'
import { expired, granted } from './acquire-cases.ts'
import type { LockDriverCase } from './lock-case.ts'

const ttlMs = 60_000

/** What a holder can do with its lock. */
export const holdCases: readonly LockDriverCase[] = [
  {
    name: 'a renewed lock outlives its first end',
    run: async ({ driver }) => {
      const name = freshName('lock')
      const lock = await granted(driver, name, 'holder', 2_000)
      await driver.renew(lock, ttlMs)
      const view = await driver.inspect(name)
      holds(view ?? {}, { state: 'held', owner: 'holder', epoch: lock.epoch })
      same((view?.expiresAt?.getTime() ?? 0) > lock.expiresAt.getTime(), true)
    },
  },
  {
    name: 'an expired lock that nobody took is renewed',
    run: async ({ driver }) => {
      const name = freshName('lock')
      const lock = await granted(driver, name, 'holder', 30)
      await expired(driver, name)
      await driver.renew(lock, ttlMs)
      holds((await driver.inspect(name)) ?? {}, { state: 'held', epoch: lock.epoch })
    },
  },
  {
    name: 'a released lock is free at once, and its holder is refused',
    run: async ({ driver }) => {
      const name = freshName('lock')
      const lock = await granted(driver, name)
      await driver.release(lock)
      holds((await driver.inspect(name)) ?? {}, { state: 'free', owner: undefined, expiresAt: undefined })
      await refused(driver.renew(lock, ttlMs), {
        code: 'ERR_FENCED',
        epoch: lock.epoch,
        currentEpoch: undefined,
      })
      await driver.release(lock)
      const next = await granted(driver, name, 'next')
      await driver.release(lock)
      holds((await driver.inspect(name)) ?? {}, { state: 'held', owner: 'next', epoch: next.epoch })
    },
  },
  {
    name: 'a renewal tells how far the work has got, and since when it stands',
    run: async ({ driver }) => {
      const name = freshName('lock')
      const lock = await granted(driver, name)
      same((await driver.inspect(name))?.progress, undefined)
      await driver.renew(lock, ttlMs, { mark: 'one', behind: 5 })
      const first = (await driver.inspect(name))?.progress
      holds(first ?? {}, { mark: 'one', behind: 5 })
      // The driver's clock must tick, or standing still and going on could not be told apart.
      const since = first?.since.getTime() ?? 0
      await waitUntil(async () => ((await driver.inspect(name))?.readAt.getTime() ?? 0) > since + 5, {
        what: 'time',
      })
      await driver.renew(lock, ttlMs, { mark: 'one', behind: 9 })
      same((await driver.inspect(name))?.progress, { mark: 'one', behind: 9, since: first?.since })
      await driver.renew(lock, ttlMs)
      same((await driver.inspect(name))?.progress, { mark: 'one', behind: 9, since: first?.since })
      for (const told of [
        { mark: 'two', behind: 9 },
        { mark: 'two', behind: 0 },
      ]) {
        await driver.renew(lock, ttlMs, told)
        const progress = (await driver.inspect(name))?.progress
        holds(progress ?? {}, told)
        same((progress?.since.getTime() ?? 0) > since, true, 'it went on, or had nothing to do')
      }
      await driver.release(lock)
      await granted(driver, name, 'next')
      same((await driver.inspect(name))?.progress, undefined)
    },
  },
  {
    name: 'a lock that is kept outlives its end, and is free once it is disposed of',
    run: async ({ driver }) => {
      const name = freshName('lock')
      const lock = await granted(driver, name, 'holder', 300)
      {
        await using held = holdLock(driver, lock, { ttlMs: 300 })
        const end = lock.expiresAt.getTime() + 300
        await waitUntil(async () => ((await driver.inspect(name))?.readAt.getTime() ?? 0) > end, {
          what: 'its end',
        })
        holds((await driver.inspect(name)) ?? {}, { state: 'held', epoch: lock.epoch })
        same(held.lost.aborted, false)
      }
      holds((await driver.inspect(name)) ?? {}, { state: 'free' })
    },
  },
  {
    name: 'who keeps a lock is told when an operator takes it',
    run: async ({ driver }) => {
      const name = freshName('lock')
      await using held = holdLock(driver, await granted(driver, name, 'holder', 300), { ttlMs: 300 })
      await driver.forceRelease(name, 'ada')
      await waitUntil(() => held.lost.aborted, { what: 'the holder to be told' })
      holds(held.lost.reason as object, { code: 'ERR_FENCED' })
      holds((await driver.inspect(name)) ?? {}, { state: 'free', forcedBy: 'ada' })
    },
  },
]
