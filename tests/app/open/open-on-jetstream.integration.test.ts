import { existsSync, mkdtempDisposableSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { createManagement, defineApp, openApp, secretsFile } from '@millrace/app'
import { defineProcessor } from '@millrace/processing'
import { createCertificates, startNats } from '@millrace/tools/services'
import { expect, inject, test } from 'vitest'

import { openJetStreamApi } from '../support/jetstream-api.ts'
import { eventually, newPlace, preparedPlace } from '../support/places.ts'
import { cart, createShop, event } from '../support/shop.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'
import type { TcpProxy } from '../support/tcp-proxy.ts'

interface StreamAnswer {
  readonly error?: { readonly err_code: number }
  readonly config?: { readonly num_replicas: number }
}

const streamNotFound = 10_059

async function proxyToNats(): Promise<TcpProxy> {
  const { hostname: host, port } = new URL(inject('servers').nats)
  return await startTcpProxy({ host, port: Number(port) })
}

test('events are on JetStream, state is where it is without it, and both are told', async () => {
  await using place = await preparedPlace('jetstream')
  const shop = createShop()
  await using app = await openApp(shop.definition, { env: place.env })
  await app.store.append(cart('1'), [event('ordered', 1)], { expectedVersion: 'no-stream' })
  await eventually(
    () => shop.delivered,
    ({ length }) => length === 1,
  )
  const { storage } = await createManagement(app).status()
  const { host } = new URL(inject('servers').nats)
  expect(storage).toMatchObject({
    kind: 'jetstream',
    place: `${host}/${place.env['NATS_STREAM']}`,
    state: { kind: 'embedded', place: place.dataDir },
    jetstream: { messages: 1, firstSequence: 1, lastSequence: 1, maxBytes: null, replicas: [] },
  })
  expect(storage.jetstream?.bytes).toBeGreaterThan(100)
  expect(storage.jetstream?.version).toMatch(/^2\.\d+\.\d+/)
  const tables = await app.database.query<{ events: string | null; ledger: string | null }>(
    "select to_regclass('millrace.events')::text as events, to_regclass('shop_counts')::text as ledger",
  )
  expect(tables[0]?.ledger).toBe('shop_counts')
})

test('looking creates no stream where the app keeps state only', async () => {
  await using place = await preparedPlace('jetstream')
  const look = openApp(createShop().definition, { env: place.env, mode: 'inspect' })
  await expect(look).rejects.toMatchObject({
    code: 'ERR_STORE_MISSING',
    place: `${new URL(inject('servers').nats).host}/${place.env['NATS_STREAM']}`,
    message: expect.stringContaining('NATS_STREAM') as unknown,
  })
  await using jetstream = await openJetStreamApi()
  const answer = await jetstream.ask<StreamAnswer>(`STREAM.INFO.${place.env['NATS_STREAM']}`)
  expect(answer.error?.err_code).toBe(streamNotFound)
})

test('looking at a stream that differs changes nothing and names its setting', async () => {
  await using place = await preparedPlace('jetstream')
  const { definition } = createShop()
  await (await openApp(definition, { env: place.env }))[Symbol.asyncDispose]()
  await using jetstream = await openJetStreamApi()
  const name = place.env['NATS_STREAM']
  const { config } = await jetstream.ask<StreamAnswer>(`STREAM.INFO.${name}`)
  await jetstream.ask(`STREAM.UPDATE.${name}`, { ...config, allow_direct: false })
  await expect(openApp(definition, { env: place.env, mode: 'inspect' })).rejects.toMatchObject({
    code: 'ERR_CONFIGURATION',
    setting: 'NATS_STREAM',
  })
  expect(await jetstream.ask<StreamAnswer>(`STREAM.INFO.${name}`)).toMatchObject({
    config: { allow_direct: false },
  })
})

test.each<[setting: string, env: Readonly<Record<string, string>>]>([
  ['NATS_CREDS', { NATS_CREDS: '/nowhere/a.creds' }],
  ['NATS_NKEY_SEED', { NATS_NKEY_SEED: 'SUAno-seed' }],
  ['NATS_CA', { NATS_CA: '/nowhere/ca.pem' }],
  ['NATS_CA', { NATS_CA: import.meta.filename }],
  ['NATS_CERT', { NATS_CERT: '/nowhere/a.pem', NATS_KEY: import.meta.filename }],
  ['NATS_URL', { NATS_URL: 'localhost' }],
])('what the store refuses is named by its variable: %s', async (setting, env) => {
  await using place = await newPlace('jetstream')
  const opening = openApp(createShop().definition, { env: { ...place.env, ...env } })
  await expect(opening).rejects.toMatchObject({ code: 'ERR_CONFIGURATION', setting })
  await expect(opening).rejects.not.toMatchObject({
    message: expect.stringContaining('SUAno-seed') as unknown,
  })
  expect(existsSync(place.dataDir)).toBe(false)
})

test('a cluster that asks for TLS and for a certificate of ours is used by naming three files', async () => {
  await using place = await preparedPlace()
  using folder = mkdtempDisposableSync(join(tmpdir(), 'millrace-certificates-'))
  const { authority, server: own, client } = await createCertificates(folder.path)
  const tls = { cert_file: own.certificate, key_file: own.key, ca_file: authority, verify: true }
  await using server = await startNats({ settings: { tls } })
  const env = { ...place.env, NATS_URL: server.url }
  const files = { NATS_CA: authority, NATS_CERT: client.certificate, NATS_KEY: client.key }
  const { definition } = createShop()
  for (const missing of [{}, { NATS_CA: authority }])
    await expect(openApp(definition, { env: { ...env, ...missing } })).rejects.toMatchObject({
      code: expect.stringMatching(/^ERR_CON/) as unknown,
    })
  await using app = await openApp(definition, { env: { ...env, ...files } })
  await app.store.append(cart('1'), [event('ordered', 1)], { expectedVersion: 'no-stream' })
  expect(await app.store.currentVersion(cart('1'))).toBe(1)
  const swapped = { ...files, NATS_KEY: own.key }
  await expect(openApp(definition, { env: { ...env, ...swapped } })).rejects.toMatchObject({
    code: 'ERR_CONFIGURATION',
    setting: 'NATS_KEY',
  })
})

test('more copies than there are servers are refused by their variable, and nothing is generated', async () => {
  await using place = await preparedPlace('jetstream')
  const env = { ...place.env, NATS_REPLICAS: '3' }
  await expect(openApp(createShop().definition, { env })).rejects.toMatchObject({
    code: 'ERR_CONFIGURATION',
    setting: 'NATS_REPLICAS',
  })
  expect(existsSync(secretsFile(place.dataDir))).toBe(false)
})

test('a stream that is no store of ours is left alone', async () => {
  await using place = await preparedPlace('jetstream')
  const name = place.env['NATS_STREAM'] ?? ''
  await using jetstream = await openJetStreamApi()
  await jetstream.ask(`STREAM.CREATE.${name}`, { name, subjects: [`${name}.>`], max_age: 60_000_000_000 })
  await expect(openApp(createShop().definition, { env: place.env })).rejects.toMatchObject({
    code: 'ERR_CONFIGURATION',
    setting: 'NATS_STREAM',
  })
})

test('a NATS server that is not there is a connection error, without its password', async () => {
  await using place = await newPlace('jetstream')
  const env = { ...place.env, NATS_URL: 'nats://ann:hunter22@127.0.0.1:1' }
  for (const mode of ['run', 'inspect'] as const) {
    const opening = openApp(createShop().definition, { env, mode })
    await expect(opening).rejects.toMatchObject({ code: 'ERR_CONNECTION' })
    await expect(opening).rejects.not.toMatchObject({
      message: expect.stringContaining('hunter22') as unknown,
    })
  }
  expect(existsSync(place.dataDir)).toBe(false)
})

test('what an app opened is closed with it, and at once where opening fails', async () => {
  await using place = await preparedPlace('jetstream')
  await using proxy = await proxyToNats()
  const env = { ...place.env, NATS_URL: `nats://127.0.0.1:${proxy.port}` }
  {
    await using app = await openApp(createShop().definition, { env })
    expect(proxy.open()).toBe(1)
    expect(app.runtime).toBeDefined()
  }
  await eventually(proxy.open, (open) => open === 0)
  const broken = defineApp({ name: 'a', readModels: [{ name: 'broken', script: 'create tabel x ()' }] })
  await expect(openApp(broken, { env })).rejects.toMatchObject({ setting: 'readModels: broken' })
  await eventually(proxy.open, (open) => open === 0)
  await using jetstream = await openJetStreamApi()
  const names = await jetstream.ask<{ readonly consumers: readonly string[] | null }>(
    `CONSUMER.NAMES.${place.env['NATS_STREAM']}`,
  )
  expect(names.consumers ?? []).toEqual([])
})

test('credentials of NATS reach no recorded error', async () => {
  await using place = await preparedPlace('jetstream')
  const url = new URL(inject('servers').nats)
  const env = { ...place.env, NATS_URL: `nats://ann:hunter%32%32@${url.host}` }
  const leaky = defineProcessor({
    name: 'leaky',
    startFrom: 'beginning',
    retry: { maxAttempts: 1 },
    handle: () => {
      throw new Error(`somebody quoted ${env.NATS_URL}, its hunter%32%32 and its hunter22`)
    },
  })
  await using app = await openApp(defineApp({ name: 'a', processors: [leaky] }), { env })
  await app.store.append(cart('1'), [event('opened', 1)], { expectedVersion: 'any' })
  const management = createManagement(app)
  const { deadLetters } = await eventually(
    () => management.deadLetters(),
    (page) => page.deadLetters.length === 1,
  )
  expect(deadLetters[0]?.reason).toBe('somebody quoted ***, its *** and its ***')
  expect(JSON.stringify([await management.status(), deadLetters])).not.toMatch(/hunter/)
})

test('while NATS is away the app is down within seconds and says so; then it goes on by itself', async () => {
  await using place = await preparedPlace('jetstream')
  await using proxy = await proxyToNats()
  const shop = createShop()
  const env = { ...place.env, NATS_URL: `nats://127.0.0.1:${proxy.port}` }
  await using app = await openApp(shop.definition, { env })
  const management = createManagement(app)
  await eventually(
    () => management.status(),
    ({ status }) => status === 'ok',
  )
  proxy.cut()
  const from = performance.now()
  expect(await management.status()).toMatchObject({
    status: 'down',
    reasons: [expect.stringMatching(/^events is away: has not answered/) as unknown],
    storage: { kind: 'jetstream', head: null, jetstream: null },
  })
  expect(performance.now() - from).toBeLessThan(5_000)
  proxy.mend()
  await eventually(
    () => management.status(),
    ({ status }) => status !== 'down',
  )
  await app.store.append(cart('1'), [event('ordered', 1)], { expectedVersion: 'any' })
  await eventually(
    () => shop.delivered,
    ({ length }) => length === 1,
  )
})
