import { parsePosition } from '@millrace/contracts'
import type { Lease, ProcessorStore } from '@millrace/contracts'
import { connect } from '@nats-io/transport-node'
import { expect, inject, onTestFinished, test, vi } from 'vitest'

import { freshName } from '../../fixtures/names.ts'
import { openNatsLink } from '../link/connect.ts'
import type { NatsLink } from '../link/nats-link.ts'
import type { JetStreamProcessorStore } from './jetstream-processor-store.ts'
import { openJetStreamProcessorStore } from './open-jetstream-processor-store.ts'
import type { JetStreamProcessorStoreOptions } from './open-jetstream-processor-store.ts'

const [servers, ttlMs] = [inject('servers').nats, 60_000]

async function opened(options: JetStreamProcessorStoreOptions): Promise<JetStreamProcessorStore> {
  const store = await openJetStreamProcessorStore({ servers, ...options })
  onTestFinished(async () => await store[Symbol.asyncDispose]())
  return store
}

async function openedLink(): Promise<NatsLink> {
  const link = await openNatsLink({ servers })
  onTestFinished(async () => await link[Symbol.asyncDispose]())
  return link
}

async function registered(store: ProcessorStore, processor: string): Promise<string> {
  await store.register({ processor, partitions: 1, log: 'test', start: parsePosition('g1:0:0') })
  return processor
}

async function granted(store: ProcessorStore, processor: string, owner = 'owner'): Promise<Lease> {
  const asked = await store.acquire({ processor, partition: 0 }, { owner, ttlMs })
  if (asked.kind !== 'granted') throw new Error(`the lease was not granted: ${asked.kind}`)
  return asked.lease
}

const to = (commit: number): Parameters<ProcessorStore['advance']>[1] => ({
  checkpoint: parsePosition(`g1:${commit}:0`),
  records: 1,
  writes: [],
  deliveries: [],
  parked: [],
  unparked: [],
})

async function put(link: NatsLink, name: string, key: string, text: string): Promise<void> {
  await link.request({ subject: `$KV.${name}.${key}`, payload: text })
}

const refused = (setting: string): unknown => expect.objectContaining({ code: 'ERR_CONFIGURATION', setting })

test('a bucket is there for the next process, and is one to the tools for KV', async () => {
  const name = freshName('bucket')
  const lease = await granted(await opened({ name }), await registered(await opened({ name }), 'totals'))
  await (await opened({ name })).advance(lease, to(7))
  const store = await opened({ name, provision: 'refuse' })
  expect(await store.status()).toMatchObject([{ epoch: 1, owner: 'owner', checkpoint: { commit: 7 } }])
  const { config } = await (await openedLink()).api<{ config: object }>(`STREAM.INFO.KV_${name}`)
  expect(config).toMatchObject({
    subjects: [`$KV.${name}.>`],
    max_msgs_per_subject: 1,
    discard: 'new',
    allow_direct: true,
    deny_delete: true,
    allow_rollup_hdrs: false,
  })
})

test('many processes create one bucket at once', async () => {
  const name = freshName('bucket')
  const stores = await Promise.all(Array.from({ length: 6 }, async () => await opened({ name })))
  await Promise.all(stores.map(async (store) => await registered(store, 'totals')))
  expect(await stores[0]?.status()).toHaveLength(1)
})

test('a given connection stays open', async () => {
  const connection = await connect({ servers })
  onTestFinished(async () => await connection.close())
  const store = await openJetStreamProcessorStore({ connection, name: freshName('bucket') })
  await registered(store, 'totals')
  await store[Symbol.asyncDispose]()
  await expect(store.status()).rejects.toMatchObject({ code: 'ERR_CONNECTION' })
  await connection.flush()
})

test.each([
  ['name', { name: 'a.b' }],
  ['replicas', { replicas: 2 }],
  ['patienceMs', { patienceMs: 0 }],
  ['provision', { provision: 'maybe' as 'run' }],
  ['name', { name: freshName('missing'), provision: 'refuse' as const }],
  ['replicas', { name: freshName('three'), replicas: 3 }],
])('a bad %s is refused', async (setting, options) => {
  await expect(openJetStreamProcessorStore({ servers, ...options })).rejects.toThrow(refused(setting))
})

test('a stream of that name that is no bucket of ours is left alone', async () => {
  const [link, name] = [await openedLink(), freshName('foreign')]
  await link.api(`STREAM.CREATE.KV_${name}`, { name: `KV_${name}`, subjects: [`$KV.${name}.>`] })
  await expect(openJetStreamProcessorStore({ servers, name })).rejects.toThrow(refused('name'))
})

test.each([
  ['drops keys by age', { max_age: 3_600_000_000_000 }],
  ['drops old keys when it is full', { discard: 'old', max_msgs: 5 }],
  ['may be wiped by a rollup', { allow_rollup_hdrs: true }],
  ['keeps every message', { max_msgs_per_subject: -1 }],
])('a bucket that was changed so that it %s is refused, with what to put back', async (_what, change) => {
  const [link, name] = [await openedLink(), freshName('changed')]
  await opened({ name })
  const { config } = await link.api<{ config: object }>(`STREAM.INFO.KV_${name}`)
  await link.api(`STREAM.UPDATE.KV_${name}`, { ...config, ...change })
  const [field = ''] = Object.keys(change)
  const opening = openJetStreamProcessorStore({ servers, name })
  await expect(opening).rejects.toThrow(refused('name'))
  await expect(opening).rejects.toThrow(field)
})

test('a partition whose key was changed by hand is refused by name, and the others go on', async () => {
  const [link, name] = [await openedLink(), freshName('tampered')]
  const store = await opened({ name })
  for (const processor of ['broken', 'whole']) await registered(store, processor)
  const lease = await granted(store, 'broken')
  await put(link, name, 'partition.broken.0', '{"version":9}')
  await expect(store.renew(lease, ttlMs)).rejects.toThrow(refused('name'))
  await expect(store.status()).rejects.toThrow(`$KV.${name}.partition.broken.0`)
  await store.advance(await granted(store, 'whole'), to(1))
  // Put back by hand: an operator may move a checkpoint so.
  const text = '{"version":1,"epoch":1,"ttlMs":10000,"checkpoint":"g1:40:0","recordsHandled":2}'
  await put(link, name, 'partition.broken.0', text)
  await expect(store.renew(lease, ttlMs)).rejects.toMatchObject({ code: 'ERR_FENCED' })
  expect(await granted(store, 'broken')).toMatchObject({ epoch: 2, checkpoint: { commit: 40 } })
})

test('a processor whose key was deleted by hand is no longer listed, and refused by name', async () => {
  const [link, name] = [await openedLink(), freshName('deleted')]
  const store = await opened({ name })
  for (const processor of ['gone', 'there']) await registered(store, processor)
  expect(await store.requests()).toHaveLength(2)
  await put(link, name, 'processor.gone', '')
  expect(await store.requests()).toMatchObject([{ processor: 'there' }])
  await expect(granted(store, 'gone')).rejects.toThrow(refused('name'))
})

test('a bucket that was deleted under the store says so', async () => {
  const [link, name] = [await openedLink(), freshName('lost')]
  const store = await opened({ name, patienceMs: 500, requestTimeoutMs: 200 })
  const lease = await granted(store, await registered(store, 'totals'))
  await link.api(`STREAM.DELETE.KV_${name}`)
  await expect(store.renew(lease, ttlMs)).rejects.toThrow(refused('name'))
  await expect(store.requests()).rejects.toThrow(refused('name'))
})

test('a bucket that was put back from a copy is believed once it was doubted for long enough', async () => {
  const [link, name] = [await openedLink(), freshName('copied')]
  const store = await opened({ name, patienceMs: 300 })
  const lease = await granted(store, await registered(store, 'totals'))
  for (let commit = 1; commit <= 5; commit++) await store.advance(lease, to(commit))
  const { config } = await link.api<{ config: object }>(`STREAM.INFO.KV_${name}`)
  await link.api(`STREAM.DELETE.KV_${name}`)
  await link.api(`STREAM.CREATE.KV_${name}`, config)
  await expect(store.advance(lease, to(6))).rejects.toMatchObject({ code: 'ERR_CONNECTION', retryable: true })
  await expect(store.advance(lease, to(6))).rejects.toMatchObject({ code: 'ERR_FENCED' })
  await vi.waitFor(async () => expect((await registered(store, 'totals')).length).toBe(6), 5_000)
})

test('names and owners of every kind are kept apart', async () => {
  const store = await opened({ name: freshName('names') })
  const names = [
    'a.b',
    'a b',
    'a*',
    'a>',
    'A',
    'a',
    'a=2Eb',
    'ä',
    '🦀',
    '$KV',
    'x'.repeat(100),
    '中'.repeat(100),
  ]
  for (const processor of names) {
    await registered(store, processor)
    await store.advance(await granted(store, processor, `owner\r\n of ${processor}`), to(1))
  }
  const status = await store.status()
  expect(new Set(status.map(({ processor }) => processor))).toEqual(new Set(names))
  for (const { processor, owner } of status) expect(owner).toBe(`owner\r\n of ${processor}`)
})

test.each(['', ' ', 'a:b', 'a\nb', 'x'.repeat(101), '\ud800'])(
  'a processor is not called %j',
  async (processor) => {
    const store = await opened({ name: freshName('names') })
    await expect(registered(store, processor)).rejects.toMatchObject({ code: 'ERR_INVALID_VALUE' })
  },
)
