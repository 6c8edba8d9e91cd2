import { appendFile, open, rm } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

import { isMillraceError } from '@millrace/contracts'
import type { Lock, LockDriver } from '@millrace/contracts'

/** A race for one lock. */
export interface RaceSettings {
  readonly name: string
  /** Grants after which a racer stops. */
  readonly grants: number
  /** Milliseconds a lock lasts that is left to run out; the others last long enough for any delay. */
  readonly shortMs: number
  /** Exists while somebody is inside: whoever finds it there, holds a lock that another holds too. */
  readonly insideFile: string
  /** One line of an epoch for each time somebody was inside, in their order. */
  readonly epochFile: string
}

/** What a racer saw. */
export interface RaceReport {
  readonly grants: number
  /** Grants that found another holder inside. */
  readonly overlaps: number
  /** Locks that were left to run out, and their renewal refused once another had them. */
  readonly refused: number
  /** Locks whose renewal was not refused although another had them since. */
  readonly accepted: number
}

const longMs = 60_000

/** Does what a holder does alone; true where another one was inside. */
async function inside({ insideFile, epochFile }: RaceSettings, { epoch }: Lock): Promise<boolean> {
  try {
    const file = await open(insideFile, 'wx')
    await appendFile(epochFile, `${epoch}\n`)
    await sleep(Math.random() * 3)
    await file.close()
    await rm(insideFile)
    return false
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return true
    throw error
  }
}

async function isRefused(driver: LockDriver, lock: Lock): Promise<boolean> {
  try {
    await driver.renew(lock, longMs)
    return false
  } catch (error) {
    if (isMillraceError(error) && error.code === 'ERR_FENCED') return true
    throw error
  }
}

/** Takes the lock so often; of four locks one is left to run out instead of being worked under and given back. */
export async function runRacer(driver: LockDriver, settings: RaceSettings): Promise<RaceReport> {
  const report = { grants: 0, overlaps: 0, refused: 0, accepted: 0 }
  let left: Lock | undefined
  while (report.grants < settings.grants) {
    const leaves = report.grants % 4 === 1
    const options = { owner: `racer ${process.pid}`, ttlMs: leaves ? settings.shortMs : longMs }
    const asked = await driver.acquire(settings.name, options)
    if (asked.kind === 'busy') {
      await sleep(Math.random() * 10)
      continue
    }
    report.grants += 1
    if (left !== undefined) report[(await isRefused(driver, left)) ? 'refused' : 'accepted'] += 1
    left = leaves ? asked.lock : undefined
    if (leaves) continue
    if (await inside(settings, asked.lock)) report.overlaps += 1
    await driver.release(asked.lock)
  }
  return report
}
