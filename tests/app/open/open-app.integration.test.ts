import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { createManagement, defineApp, findServer, openApp, secretsFile } from '@millrace/app'
import type { AppChange } from '@millrace/app'
import { expect, test } from 'vitest'

import { eventually, newPlace, placeKinds, preparedPlace } from '../support/places.ts'
import { cart, createShop, event } from '../support/shop.ts'

test.each(placeKinds)('an app runs its processors on its read models (%s)', async (kind) => {
  await using place = await newPlace(kind)
  const shop = createShop()
  await using app = await openApp(shop.definition, { env: place.env })
  expect(app.storage.kind).toBe(kind)
  await app.store.append(cart('1'), [event('opened', 1), event('ordered', 2)], {
    expectedVersion: 'no-stream',
  })
  await eventually(
    () => shop.delivered,
    ({ length }) => length === 1,
  )
  const counts = await eventually(
    () => app.database.query<{ type: string; n: number }>('select type, n from shop_counts order by type'),
    ({ length }) => length === 2,
  )
  expect(counts).toEqual([
    { type: 'opened', n: 1 },
    { type: 'ordered', n: 1 },
  ])
})

test('what was recorded is there after a restart, and nothing is delivered twice', async () => {
  await using place = await preparedPlace()
  const shop = createShop()
  {
    await using app = await openApp(shop.definition, { env: place.env })
    await app.store.append(cart('1'), [event('ordered', 1)], { expectedVersion: 'any' })
    await eventually(
      () => shop.delivered,
      ({ length }) => length === 1,
    )
  }
  await using app = await openApp(shop.definition, { env: place.env })
  await app.store.append(cart('1'), [event('ordered', 2)], { expectedVersion: 1 })
  await eventually(
    () => shop.delivered,
    ({ length }) => length === 2,
  )
  expect(new Set(shop.delivered).size).toBe(2)
})

test('nobody but the owner gets at what an embedded app keeps', async () => {
  await using place = await newPlace('embedded')
  await using app = await openApp(createShop().definition, { env: place.env })
  expect(app.mode).toBe('run')
  for (const folder of [place.dataDir, join(place.dataDir, 'database')])
    expect(statSync(folder).mode & 0o777).toBe(0o700)
})

test('an embedded app cannot be opened twice, and the error names the process', async () => {
  await using place = await preparedPlace()
  await using app = await openApp(createShop().definition, { env: place.env })
  expect(app.mode).toBe('run')
  await expect(openApp(createShop().definition, { env: place.env })).rejects.toMatchObject({
    code: 'ERR_DATA_FOLDER_LOCKED',
    pid: process.pid,
  })
})

test.each(placeKinds)('looking at what is not there creates nothing (%s)', async (kind) => {
  await using place = await newPlace(kind)
  const look = openApp(createShop().definition, { env: place.env, mode: 'inspect' })
  await expect(look).rejects.toMatchObject({ code: 'ERR_STORE_MISSING' })
  expect(existsSync(place.dataDir)).toBe(false)
})

test.each(placeKinds)('looking at a stopped app runs nothing (%s)', async (kind) => {
  await using place = await preparedPlace(kind)
  const shop = createShop()
  shop.failing.on = true
  {
    await using app = await openApp(shop.definition, { env: place.env })
    await app.store.append(cart('1'), [event('ordered', 1)], { expectedVersion: 'any' })
    const management = createManagement(app)
    await eventually(
      () => management.deadLetters(),
      ({ deadLetters }) => deadLetters.length === 1,
    )
  }
  shop.failing.on = false
  await using app = await openApp(shop.definition, { env: place.env, mode: 'inspect' })
  const management = createManagement(app)
  const status = await management.status()
  expect(status).toMatchObject({ status: 'down', mode: 'inspect' })
  expect(status.reasons[0]).toBe('no process runs the processors')
  const [letter] = (await management.deadLetters()).deadLetters
  const retried = await management.retryDeadLetter(letter?.id ?? '', { by: 'ann' })
  expect(retried).toMatchObject({
    outcome: 'waiting',
    reason: expect.stringContaining('no process runs') as unknown,
  })
  expect(shop.delivered).toEqual([])
  expect(app.runtime).toBeUndefined()
  app.announce('http://127.0.0.1:1')
  expect(existsSync(join(place.dataDir, 'server.json'))).toBe(false)
  app.onChange(() => undefined)()
})

test('secrets are generated at the first start and given to processors', async () => {
  await using place = await newPlace()
  let seen = ''
  const definition = defineApp({
    name: 'a',
    secrets: { signingSecret: { variable: 'SIGNING_SECRET', prefix: 'whsec_' } },
    processors: ({ secret }) => {
      seen = secret('signingSecret')
      return []
    },
  })
  await using app = await openApp(definition, { env: place.env })
  expect(seen).toMatch(/^whsec_/)
  expect(app.secret('signingSecret')).toBe(seen)
  expect(readFileSync(secretsFile(place.dataDir), 'utf8')).toContain(seen)
})

test('a secret that is not there yet is an error that says how it comes to be', async () => {
  await using place = await preparedPlace()
  const env = { ...place.env, MILLRACE_WEBHOOK_SECRET: 'from outside' }
  await (await openApp(defineApp({ name: 'a' }), { env }))[Symbol.asyncDispose]()
  await using app = await openApp(defineApp({ name: 'a' }), { env: place.env, mode: 'inspect' })
  expect(() => app.secret('webhookSecret')).toThrow(/MILLRACE_WEBHOOK_SECRET/)
})

test('an announced app is named in its data folder until it is closed', async () => {
  await using place = await preparedPlace()
  const app = await openApp(defineApp({ name: 'a' }), { env: place.env })
  app.announce('http://127.0.0.1:9')
  const file: unknown = JSON.parse(readFileSync(join(place.dataDir, 'server.json'), 'utf8'))
  expect(file).toMatchObject({ url: 'http://127.0.0.1:9', pid: process.pid, instance: app.instance })
  await app[Symbol.asyncDispose]()
  expect(await findServer(place.dataDir)).toBeUndefined()
  expect(existsSync(join(place.dataDir, 'server.json'))).toBe(false)
})

test('changes of deliveries and processors are told as plain JSON', async () => {
  await using place = await preparedPlace()
  const shop = createShop()
  shop.failing.on = true
  await using app = await openApp(shop.definition, { env: place.env })
  const changes: AppChange[] = []
  const stop = app.onChange((change) => changes.push(change))
  await app.store.append(cart('1'), [event('ordered', 1)], { expectedVersion: 'any' })
  await app.store.append(cart('1'), [event('poison', 2)], { expectedVersion: 'any' })
  const has = (wanted: string): boolean => changes.some(({ change }) => change === wanted)
  await eventually(
    () => changes,
    () => has('dead') && has('advanced') && has('parked'),
  )
  stop()
  expect(JSON.parse(JSON.stringify(changes))).toEqual(changes)
  expect(changes.find(({ change }) => change === 'dead')).toMatchObject({
    kind: 'delivery',
    processor: 'orders',
    action: 'send',
  })
})

test('a data folder that holds something else is refused and not touched', async () => {
  await using place = await preparedPlace()
  await (await openApp(defineApp({ name: 'a' }), { env: place.env }))[Symbol.asyncDispose]()
  const version = join(place.dataDir, 'database', 'pg', 'PG_VERSION')
  writeFileSync(version, '')
  await expect(openApp(defineApp({ name: 'a' }), { env: place.env })).rejects.toMatchObject({
    code: 'ERR_DATA_FOLDER_CORRUPT',
  })
})

test('a read model whose script fails is named, and nothing stays open', async () => {
  await using place = await preparedPlace()
  const broken = defineApp({ name: 'a', readModels: [{ name: 'broken', script: 'create tabel x ()' }] })
  await expect(openApp(broken, { env: place.env })).rejects.toMatchObject({
    code: 'ERR_CONFIGURATION',
    setting: 'readModels: broken',
  })
  await using app = await openApp(defineApp({ name: 'a' }), { env: place.env })
  expect(app.name).toBe('a')
})

test('the largest event is a setting', async () => {
  await using place = await preparedPlace()
  await using app = await openApp(defineApp({ name: 'a' }), {
    env: { ...place.env, MILLRACE_MAX_EVENT_BYTES: '2000' },
  })
  const large = { type: 'large', data: 'x'.repeat(3000) }
  await expect(app.store.append(cart('1'), [large], { expectedVersion: 'any' })).rejects.toMatchObject({
    code: 'ERR_PAYLOAD_TOO_LARGE',
    maxBytes: 2000,
  })
})

test('a server that is not there is a connection error, without its password', async () => {
  const env = { DATABASE_URL: 'postgres://ann:hunter22@127.0.0.1:1/none' }
  const open = openApp(defineApp({ name: 'a' }), {
    env,
    dataDir: '/tmp/millrace-never-used',
    mode: 'inspect',
  })
  await expect(open).rejects.toMatchObject({ code: 'ERR_CONNECTION' })
  await expect(open).rejects.not.toMatchObject({ message: expect.stringContaining('hunter22') as unknown })
})

test('looking at tables of an older release changes nothing and says what to start', async () => {
  await using place = await newPlace('postgres')
  const { definition } = createShop()
  {
    await using app = await openApp(definition, { env: place.env })
    // As an older release left it: without the last step.
    await app.database.query(
      'delete from millrace.migrations where version = (select max(version) from millrace.migrations)',
    )
  }
  await expect(openApp(definition, { env: place.env, mode: 'inspect' })).rejects.toMatchObject({
    code: 'ERR_CONFIGURATION',
    message: expect.stringContaining('start the app once') as unknown,
  })
})
