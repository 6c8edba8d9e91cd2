import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { createManagement, openApp } from '@millrace/app'
import { millrace } from '@millrace/tools/cli'
import { expect, test } from 'vitest'

import { eventually, newPlace, placeKinds, preparedPlace } from '../support/places.ts'
import type { Place } from '../support/places.ts'
import { cart, createShop, event } from '../support/shop.ts'

const shopConfig = fileURLToPath(new URL('../fixtures/millrace.config.ts', import.meta.url))

/** An app that ran, recorded something, left one dead letter and was stopped. */
async function stoppedShop(kind: (typeof placeKinds)[number]): Promise<Place> {
  const place = await preparedPlace(kind)
  const shop = createShop()
  shop.failing.on = true
  await using app = await openApp(shop.definition, { env: place.env })
  await app.store.append(cart('1'), [event('opened', 1), event('ordered', 2)], { expectedVersion: 'any' })
  const management = createManagement(app)
  await eventually(
    () => management.deadLetters(),
    ({ deadLetters }) => deadLetters.length === 1,
  )
  return place
}

test.each(placeKinds)('a stopped app is looked at directly (%s)', async (kind) => {
  await using place = await stoppedShop(kind)
  const env = place.env
  const config = ['--config', shopConfig]
  const status = await millrace(['status', ...config], env)
  expect([status.code, status.stdout]).toEqual([
    3,
    expect.stringContaining('shop: down\n  no process runs the processors'),
  ])
  const metrics = await millrace(['metrics', ...config], env)
  expect([metrics.code, metrics.stderr]).toEqual([3, expect.stringContaining('no server runs the app')])
  expect(JSON.parse((await millrace(['streams', 'list', '--json', ...config], env)).stdout)).toMatchObject({
    streams: [{ id: 'cart-1', version: 2 }],
  })
  const list = JSON.parse((await millrace(['dlq', 'list', '--json'], env)).stdout) as {
    deadLetters: { id: string }[]
  }
  const retried = await millrace(['dlq', 'retry', list.deadLetters[0]?.id ?? ''], env)
  expect([retried.code, retried.stdout]).toEqual([
    1,
    expect.stringContaining('no process runs processor orders'),
  ])
  expect((await millrace(['processors', 'pause', 'orders'], env)).code).toBe(0)
})

test('nothing more is appended to an embedded store that is looked at, so a tail of it ends', async () => {
  await using place = await stoppedShop('embedded')
  const { code, stdout, stderr } = await millrace(['events', 'tail', '--json'], place.env)
  expect(code).toBe(0)
  expect(stdout.trimEnd().split('\n')).toHaveLength(2)
  expect(stderr).toContain('nothing more will be appended')
})

test('a file left by a crash does not mislead', async () => {
  await using place = await stoppedShop('embedded')
  const file = {
    url: 'http://127.0.0.1:1',
    pid: process.pid,
    startedAt: new Date().toISOString(),
    instance: 'x',
    secretsFromEnvironment: [],
  }
  writeFileSync(join(place.dataDir, 'server.json'), JSON.stringify(file))
  expect((await millrace(['streams', 'list'], place.env)).code).toBe(0)
})

test('a folder without a store is exit code 5 and stays as it is', async () => {
  await using place = await newPlace()
  const { code, stdout, stderr } = await millrace(['status', '--json'], place.env)
  expect([code, stdout]).toEqual([5, ''])
  expect(stderr).toContain(place.dataDir)
  expect(existsSync(place.dataDir)).toBe(false)
  mkdirSync(join(place.dataDir, 'database'), { recursive: true })
  expect((await millrace(['status', '--show-secret'], place.env)).code).toBe(5)
})

test('a relative data folder is relative to the working directory', async () => {
  await using place = await stoppedShop('embedded')
  const { code } = await millrace(['streams', 'list', '--data', 'data'], {}, dirname(place.dataDir))
  expect(code).toBe(0)
})

test('a store in use, a damaged one and a database that is away are exit code 3', async () => {
  await using place = await preparedPlace()
  {
    await using app = await openApp(createShop().definition, { env: place.env })
    expect(app.mode).toBe('run')
    const locked = await millrace(['status'], place.env)
    expect([locked.code, locked.stderr]).toEqual([3, expect.stringContaining(`process ${process.pid}`)])
  }
  writeFileSync(join(place.dataDir, 'database', 'pg', 'PG_VERSION'), '')
  expect((await millrace(['status'], place.env)).code).toBe(3)
  const away = await millrace(['streams', 'list'], {
    DATABASE_URL: 'postgres://ann:hunter22@127.0.0.1:1/none',
  })
  expect(away.code).toBe(3)
  expect(away.stderr).not.toContain('hunter22')
  expect((await millrace(['status', '--url', 'http://127.0.0.1:1'])).code).toBe(3)
})

test.each([
  ['no command', []],
  ['an unknown command', ['stat']],
  ['an unknown subcommand', ['streams', 'drop']],
  ['an unknown option', ['status', '--verbose']],
  ['a missing argument', ['streams', 'show']],
  ['too many arguments', ['status', 'now']],
  ['an option without its value', ['status', '--data']],
  ['two options that exclude each other', ['events', 'tail', '--last', '1', '--after', 'g:1:0']],
  ['an address that is none', ['status', '--url', 'localhost:4400']],
  ['a configuration that is not there', ['status', '--config', '/nowhere/millrace.config.ts']],
])('%s is exit code 2', async (_what, argv) => {
  const { code, stdout, stderr } = await millrace(argv)
  expect([code, stdout]).toEqual([2, ''])
  expect(stderr).not.toBe('')
})

test('ids together with a filter, and neither of them, are exit code 2', async () => {
  await using place = await stoppedShop('embedded')
  expect((await millrace(['dlq', 'remove'], place.env)).code).toBe(2)
  expect((await millrace(['dlq', 'remove', 'x', '--all'], place.env)).code).toBe(2)
})

test('a broken configuration and a bad variable are exit code 2 and named', async () => {
  await using place = await newPlace()
  mkdirSync(place.dataDir, { recursive: true })
  writeFileSync(join(place.dataDir, 'millrace.config.mjs'), 'export default {')
  const broken = await millrace(['status'], {}, place.dataDir)
  expect([broken.code, broken.stderr]).toEqual([2, expect.stringContaining('millrace.config.mjs')])
  expect((await millrace(['status'], { PORT: 'high' })).code).toBe(2)
})

test.each([[['--help']], [['status', '--help']], [['--version']]])('%j is exit code 0', async (argv) => {
  const { code, stdout } = await millrace(argv)
  expect(code).toBe(0)
  expect(stdout).not.toBe('')
})
