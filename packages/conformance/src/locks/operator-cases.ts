import { findZombies } from '@millrace/contracts'

import { holds, refused, same } from '../suite/assertions.ts'
import { freshName } from '../suite/fixtures.ts'
import { waitUntil } from '../suite/wait-until.ts'
import { expired, granted } from './acquire-cases.ts'
import type { LockDriverCase } from './lock-case.ts'

const ttlMs = 60_000

/** What operators see and may do. */
export const operatorCases: readonly LockDriverCase[] = [
  {
    name: 'a name nobody ever locked is unknown, and there is nothing to take',
    run: async ({ driver }) => {
      const name = freshName('lock')
      same(await driver.inspect(name), undefined)
      same(await driver.forceRelease(name, 'ada'), false)
      same(await driver.inspect(name), undefined)
    },
  },
  {
    name: 'every lock is listed in order of names, with its holder and its times',
    run: async ({ driver }) => {
      const base = freshName('lock')
      const held = await granted(driver, `${base}b`)
      await driver.release(await granted(driver, `${base}a`))
      const listed = (await driver.list()).filter(({ name }) => name.startsWith(base))
      same(
        listed.map(({ name, state, owner, epoch }) => ({ name, state, owner, epoch })),
        [
          { name: `${base}a`, state: 'free', owner: undefined, epoch: 1 },
          { name: `${base}b`, state: 'held', owner: 'holder', epoch: 1 },
        ],
      )
      const { acquiredAt, renewedAt, expiresAt, readAt } = listed[1] ?? {}
      same(
        [acquiredAt, renewedAt, readAt].every((time) => time instanceof Date),
        true,
      )
      same(Math.abs((expiresAt?.getTime() ?? 0) - held.expiresAt.getTime()) < 5_000, true)
    },
  },
  {
    name: 'an operator takes a lock from its holder, who is refused from then on',
    run: async ({ driver }) => {
      const name = freshName('lock')
      const lock = await granted(driver, name)
      same(await driver.forceRelease(name, 'ada'), true)
      holds((await driver.inspect(name)) ?? {}, { state: 'free', owner: undefined, forcedBy: 'ada' })
      await refused(driver.renew(lock, ttlMs), { code: 'ERR_FENCED', epoch: lock.epoch })
      same(await driver.forceRelease(name, 'ada'), false)
      const next = await granted(driver, name, 'next')
      same(next.epoch > lock.epoch, true)
      holds((await driver.inspect(name)) ?? {}, { state: 'held', owner: 'next', forcedBy: undefined })
    },
  },
  {
    name: 'a dead holder and one that hangs are zombies, one at work or idle is none',
    run: async ({ driver }) => {
      const base = freshName('lock')
      await granted(driver, `${base} dead`, 'dead', 30)
      const hangs = await granted(driver, `${base} hangs`, 'hangs')
      const idle = await granted(driver, `${base} idle`, 'idle')
      await granted(driver, `${base} silent`, 'silent')
      await driver.renew(hangs, ttlMs, { mark: 'there', behind: 7 })
      await driver.renew(idle, ttlMs, { mark: 'there', behind: 0 })
      await expired(driver, `${base} dead`)
      const zombies = async (): Promise<readonly (readonly [string, string])[]> => {
        const locks = (await driver.list()).filter(({ name }) => name.startsWith(base))
        return findZombies(locks, { stalledAfterMs: 50 })
          .map(({ lock, reason }) => [lock.name.slice(base.length + 1), reason] as const)
          .toSorted(([a], [b]) => (a < b ? -1 : 1))
      }
      await waitUntil(async () => (await zombies()).length >= 2, { what: 'the zombies' })
      same(await zombies(), [
        ['dead', 'expired'],
        ['hangs', 'stalled'],
      ])
      await driver.renew(hangs, ttlMs, { mark: 'further', behind: 6 })
      same(findZombies((await driver.list()).filter(({ name }) => name === `${base} hangs`)), [])
    },
  },
]
