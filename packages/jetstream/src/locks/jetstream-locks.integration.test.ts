import { lockDriverContract } from '@millrace/conformance'
import { expect, inject, test } from 'vitest'

import { freshName } from '../../fixtures/names.ts'
import { openLocks } from '../../fixtures/open-locks.ts'
import { openJetStreamProcessorStore } from '../processor-store/open-jetstream-processor-store.ts'
import { openJetStreamLocks } from './open-jetstream-locks.ts'

const name = freshName('locks')

lockDriverContract({
  name: 'locks in a KV bucket',
  open: async () => await openLocks({ servers: inject('servers').nats, name }),
  elsewhere: {
    module: new URL('../../fixtures/open-locks.ts', import.meta.url).href,
    export: 'openLocks',
    argument: () => ({ servers: inject('servers').nats, name }),
  },
})

test('locks and processors share a bucket and do not see each other', async () => {
  const settings = { servers: inject('servers').nats, name: freshName('shared') }
  await using store = await openJetStreamProcessorStore(settings)
  await using driver = await openJetStreamLocks(settings)
  const start = { generation: 'g', commit: 0, index: 0 }
  await store.register({ processor: 'totals', partitions: 1, log: 'shop.events', start })
  await driver.acquire('totals', { owner: 'one', ttlMs: 60_000 })
  expect((await store.status()).map(({ processor }) => processor)).toEqual(['totals'])
  expect((await driver.list()).map(({ name: locked }) => locked)).toEqual(['totals'])
  expect(await driver.inspect('processor')).toBeUndefined()
})

test('a driver that was closed cannot be reached', async () => {
  const driver = await openJetStreamLocks({ servers: inject('servers').nats, name: freshName('closed') })
  await driver[Symbol.asyncDispose]()
  await expect(driver.acquire('totals', { owner: 'one', ttlMs: 1_000 })).rejects.toMatchObject({
    code: 'ERR_LOCK_DRIVER_UNAVAILABLE',
    driver: 'jetstream',
  })
})
