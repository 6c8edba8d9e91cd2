import { lockDriverContract } from '@millrace/conformance'
import { expect, inject, test } from 'vitest'

import { openLocks } from '../../fixtures/open-locks.ts'
import { freshSchema } from '../../fixtures/schemas.ts'
import { openPglite } from '../sql/open-pglite.ts'
import { openPg } from '../sql/pg-database.ts'
import { openPostgresLocks } from './postgres-locks.ts'

const schema = freshSchema('locks')

lockDriverContract({
  name: 'locks on a Postgres server',
  open: async () => await openLocks({ url: inject('servers').postgres, schema }),
  elsewhere: {
    module: new URL('../../fixtures/open-locks.ts', import.meta.url).href,
    export: 'openLocks',
    argument: () => ({ url: inject('servers').postgres, schema }),
  },
})

lockDriverContract({
  name: 'locks in an embedded database',
  open: async () => {
    const database = await openPglite('memory')
    const driver = await openPostgresLocks({ database })
    return { driver, [Symbol.asyncDispose]: async () => await database[Symbol.asyncDispose]() }
  },
})

test('a server that is away is a driver that cannot be reached, not a free lock', async () => {
  const database = await openPg({ url: inject('servers').postgres })
  const driver = await openPostgresLocks({ database, schema: freshSchema('away') })
  const asked = await driver.acquire('rebuild/totals', { owner: 'one', ttlMs: 60_000 })
  if (asked.kind !== 'granted') throw new Error('the lock was free')
  await database[Symbol.asyncDispose]()
  const unreachable = { code: 'ERR_LOCK_DRIVER_UNAVAILABLE', driver: 'pg', retryable: true }
  await expect(driver.acquire('rebuild/totals', { owner: 'two', ttlMs: 1_000 })).rejects.toMatchObject(
    unreachable,
  )
  await expect(driver.renew(asked.lock, 1_000)).rejects.toMatchObject(unreachable)
  await expect(driver.release(asked.lock)).rejects.toMatchObject(unreachable)
  await expect(driver.list()).rejects.toMatchObject(unreachable)
})
