import { expect, test } from 'vitest'

import type { LockView } from './lock-driver.ts'
import { findZombies } from './zombies.ts'

const readAt = new Date(1_000_000)
const ago = (ms: number): Date => new Date(readAt.getTime() - ms)

function lock(name: string, change: Partial<LockView> = {}): LockView {
  return {
    name,
    epoch: 1,
    state: 'held',
    owner: 'one',
    acquiredAt: ago(100_000),
    renewedAt: ago(1_000),
    expiresAt: new Date(readAt.getTime() + 9_000),
    progress: undefined,
    forcedBy: undefined,
    readAt,
    ...change,
  }
}

const progress = (behind: number, standsMs: number): LockView['progress'] => ({
  mark: 'g:7:0',
  behind,
  since: ago(standsMs),
})

test('the dead and the hanging are found with their age, the oldest first', () => {
  const locks = [
    lock('hangs', { progress: progress(3, 61_000) }),
    lock('dead', { state: 'expired', expiresAt: ago(600_000) }),
    lock('busy', { progress: progress(3, 59_999) }),
    lock('idle', { progress: progress(0, 900_000) }),
    lock('silent'),
    lock('free', { state: 'free', owner: undefined, expiresAt: undefined }),
  ]
  expect(findZombies(locks).map(({ lock: { name }, reason, ageMs }) => [name, reason, ageMs])).toEqual([
    ['dead', 'expired', 600_000],
    ['hangs', 'stalled', 61_000],
  ])
})

test('how long a holder may stand still is a setting', () => {
  const locks = [lock('slow', { progress: progress(1, 5_000) })]
  expect(findZombies(locks, { stalledAfterMs: 5_000 })).toHaveLength(1)
  expect(findZombies(locks, { stalledAfterMs: 5_001 })).toEqual([])
})
