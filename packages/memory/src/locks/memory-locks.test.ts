import { lockDriverContract } from '@millrace/conformance'
import { expect, test } from 'vitest'

import { openMemoryLocks } from './memory-locks.ts'

lockDriverContract({
  name: 'locks in memory',
  open: async () => ({ driver: openMemoryLocks(), [Symbol.asyncDispose]: async () => undefined }),
})

test('time is what the clock that was given says', async () => {
  let now = 1_000
  const driver = openMemoryLocks({ now: () => now })
  await driver.acquire('rebuild/totals', { owner: 'one', ttlMs: 500 })
  now = 1_499
  const busy = { kind: 'busy', heldBy: 'one', until: new Date(1_500) }
  expect(await driver.acquire('rebuild/totals', { owner: 'two', ttlMs: 500 })).toEqual(busy)
  now = 1_500
  expect(await driver.acquire('rebuild/totals', { owner: 'two', ttlMs: 500 })).toMatchObject({
    kind: 'granted',
    lock: { owner: 'two', epoch: 2, expiresAt: new Date(2_000) },
  })
})
