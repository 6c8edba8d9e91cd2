import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { Lock, LockDriver } from '@millrace/contracts'

import { holds, refused, same } from '../suite/assertions.ts'
import { freshName } from '../suite/fixtures.ts'
import { waitUntil } from '../suite/wait-until.ts'
import type { LockDriverCase } from './lock-case.ts'

const ttlMs = 60_000

/** Takes a lock that must be free. */
export async function granted(
  driver: LockDriver,
  name: string,
  owner: string = 'holder',
  ttl: number = ttlMs,
): Promise<Lock> {
  const asked = await driver.acquire(name, { owner, ttlMs: ttl })
  if (asked.kind !== 'granted') throw new Error(`lock ${name} is held by ${asked.heldBy}`)
  return asked.lock
}

/** Waits until the lock was not renewed for long enough. */
export async function expired(driver: LockDriver, name: string): Promise<void> {
  await waitUntil(async () => (await driver.inspect(name))?.state === 'expired', {
    what: `${name} to expire`,
  })
}

/** Who gets a lock, and under which epoch. */
export const acquireCases: readonly LockDriverCase[] = [
  {
    name: 'a free lock is granted, with what proves its holder',
    run: async ({ driver }) => {
      const name = freshName('lock')
      const lock = await granted(driver, name)
      holds(lock, { name, owner: 'holder', epoch: 1 })
      same(lock.token.length > 0 && lock.expiresAt instanceof Date, true)
    },
  },
  {
    name: 'a lock is held by one at a time, also when its owner asks again',
    run: async ({ driver }) => {
      const name = freshName('lock')
      const { expiresAt } = await granted(driver, name)
      for (const owner of ['another', 'holder']) {
        const busy = await driver.acquire(name, { owner, ttlMs })
        holds(busy, { kind: 'busy', heldBy: 'holder' })
        const until = busy.kind === 'busy' ? busy.until.getTime() : 0
        same(Math.abs(until - expiresAt.getTime()) < 5_000, true, 'until is about when the lock expires')
      }
    },
  },
  {
    name: 'each grant has an epoch above all before it, whatever ended the lock',
    run: async ({ driver }) => {
      const name = freshName('lock')
      const first = await granted(driver, name)
      await driver.release(first)
      const second = await granted(driver, name, 'second', 30)
      await expired(driver, name)
      const third = await granted(driver, name, 'third')
      same(await driver.forceRelease(name, 'ada'), true)
      const fourth = await granted(driver, name, 'fourth')
      const epochs = [first, second, third, fourth].map(({ epoch }) => epoch)
      same(
        epochs.every((epoch, index) => index === 0 || epoch > (epochs[index - 1] ?? 0)),
        true,
        `epochs ${epochs.join()} grow`,
      )
      same(new Set([first, second, third, fourth].map(({ token }) => token)).size, 4)
    },
  },
  {
    name: 'a grant is above the epoch it was asked to be above of',
    run: async ({ driver }) => {
      const name = freshName('lock')
      const asked = await driver.acquire(name, { owner: 'holder', ttlMs, above: 41 })
      holds(asked, { kind: 'granted' })
      if (asked.kind !== 'granted') return
      same(asked.lock.epoch, 42)
      await driver.release(asked.lock)
      same((await granted(driver, name)).epoch, 43)
    },
  },
  {
    name: 'a lock that expired is granted to the next who asks, and its holder refused',
    run: async ({ driver }) => {
      const name = freshName('lock')
      const late = await granted(driver, name, 'late', 30)
      await expired(driver, name)
      const heir = await granted(driver, name, 'heir')
      await refused(driver.renew(late, ttlMs), {
        code: 'ERR_FENCED',
        epoch: late.epoch,
        currentEpoch: heir.epoch,
      })
      await driver.release(late)
      holds((await driver.inspect(name)) ?? {}, { state: 'held', owner: 'heir' })
    },
  },
  {
    name: 'names are told apart, whatever they hold',
    run: async ({ driver }) => {
      const base = freshName('lock')
      const names = ['a.b', 'a*b', 'a>b', 'a b', 'a/b', 'a=2Eb', 'ä🦀', 'A.B'].map(
        (text) => `${base} ${text}`,
      )
      const locks = await Promise.all(names.map(async (name) => await granted(driver, name)))
      same(
        locks.map(({ epoch }) => epoch),
        names.map(() => 1),
      )
      const listed = (await driver.list()).map(({ name }) => name).filter((name) => name.startsWith(base))
      same(listed, names.toSorted())
    },
  },
  {
    name: 'bad input is refused by its field before anything is written',
    run: async ({ driver }) => {
      const name = freshName('lock')
      const options = { owner: 'holder', ttlMs }
      const badNames = ['', ' ', 'a\nb', 'x'.repeat(201), 'a\0b', '\ud800']
      for (const bad of badNames)
        await refused(driver.acquire(bad, options), { code: 'ERR_INVALID_VALUE', field: 'name' })
      const bad = [
        ['options.owner', { owner: '', ttlMs }],
        ['options.ttlMs', { owner: 'holder', ttlMs: 0 }],
        ['options.ttlMs', { owner: 'holder', ttlMs: 3_600_001 }],
        ['options.ttlMs', { owner: 'holder', ttlMs: Number.NaN }],
        ['options.above', { owner: 'holder', ttlMs, above: -1 }],
      ] as const
      for (const [field, wrong] of bad)
        await refused(driver.acquire(name, wrong), { code: 'ERR_INVALID_VALUE', field })
      same(await driver.inspect(name), undefined)
      const lock = await granted(driver, name)
      const told = { mark: '', behind: 1 }
      await refused(driver.renew(lock, 0), { code: 'ERR_INVALID_VALUE', field: 'ttlMs' })
      await refused(driver.renew(lock, 1, told), { code: 'ERR_INVALID_VALUE', field: 'progress.mark' })
      await refused(driver.forceRelease(name, ''), { code: 'ERR_INVALID_VALUE', field: 'by' })
    },
  },
  {
    name: 'of four who race, one is inside at a time, and none renews a lock another took over',
    timeoutMs: 60_000,
    run: async ({ race }) => {
      const folder = await mkdtemp(join(tmpdir(), 'millrace-race-'))
      try {
        const settings = {
          name: freshName('race'),
          grants: 24,
          shortMs: 50,
          insideFile: join(folder, 'inside'),
          epochFile: join(folder, 'epochs'),
        }
        const reports = await race(settings)
        const sum = (field: 'grants' | 'overlaps' | 'refused' | 'accepted'): number =>
          reports.reduce((total, report) => total + report[field], 0)
        same([sum('grants'), sum('overlaps'), sum('accepted')], [96, 0, 0])
        // Of each racer's 24 grants six are left to run out.
        same(sum('refused'), 24)
        const epochs = (await readFile(settings.epochFile, 'utf8')).trim().split('\n').map(Number)
        same(
          epochs,
          epochs.toSorted((a, b) => a - b),
        )
        same(new Set(epochs).size, 72)
      } finally {
        await rm(folder, { recursive: true })
      }
    },
  },
]
