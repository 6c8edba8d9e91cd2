import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { millrace } from '@millrace/tools/cli'
import { expect, test } from 'vitest'

import { spawnMillrace, spawnShop } from '../support/command.ts'
import { eventually, newPlace, preparedPlace } from '../support/places.ts'
import { serveShop } from '../support/served-shop.ts'
import { cart, event } from '../support/shop.ts'

test('the command says by its exit code how the app is', async () => {
  await using served = await serveShop()
  await eventually(
    () => served.management.status(),
    ({ status }) => status === 'ok',
  )
  const { code, stdout, stderr } = await spawnMillrace(['status', '--json'], served.place.env).outcome
  expect([code, stderr]).toEqual([0, ''])
  expect(JSON.parse(stdout)).toMatchObject({ status: 'ok', instance: served.app.instance })
})

test.each(['SIGINT', 'SIGTERM'] as const)('%s ends a tail with 0', async (signal) => {
  await using served = await serveShop()
  await served.app.store.append(cart('1'), [event('opened', 1)], { expectedVersion: 'any' })
  const tail = spawnMillrace(['events', 'tail', '--json'], served.place.env)
  await eventually(tail.stdout, (text) => text.endsWith('\n'))
  await served.app.store.append(cart('1'), [event('opened', 2)], { expectedVersion: 'any' })
  await eventually(tail.stdout, (text) => text.trimEnd().split('\n').length === 2)
  tail.kill(signal)
  expect(await tail.outcome).toMatchObject({ code: 0, signal: null, stderr: '' })
})

test('a reader that goes away ends a tail silently', async () => {
  await using served = await serveShop()
  await served.app.store.append(cart('1'), [event('opened', 1)], { expectedVersion: 'any' })
  const tail = spawnMillrace(['events', 'tail', '--json'], served.place.env)
  await eventually(tail.stdout, (text) => text !== '')
  tail.closeStdout()
  let ended = false
  const outcome = tail.outcome.finally(() => {
    ended = true
  })
  await eventually(
    () => served.app.store.append(cart('1'), [event('opened', 2)], { expectedVersion: 'any' }),
    () => ended,
  )
  expect(await outcome).toMatchObject({ code: 0, stderr: '' })
})

test('a configuration with syntax that has to be compiled is exit code 2, without a stack trace', async () => {
  await using place = await newPlace()
  mkdirSync(place.dataDir, { recursive: true })
  writeFileSync(join(place.dataDir, 'millrace.config.ts'), 'enum Kind { A }\nexport default Kind')
  const { code, stdout, stderr } = await spawnMillrace(['status'], {}, place.dataDir).outcome
  expect([code, stdout]).toEqual([2, ''])
  expect(stderr).toContain('millrace.config.ts')
  expect(stderr).not.toMatch(/\n {4}at /)
})

test(
  'after a kill -9 the app is down at once, whatever file and lease it left',
  { timeout: 60_000 },
  async () => {
    await using place = await preparedPlace()
    const shop = spawnShop(place.env)
    await eventually(shop.stdout, (text) => text.startsWith('ready'))
    const dead = (): ReturnType<typeof millrace> => millrace(['dlq', 'list', '--json'], place.env)
    const { stdout } = await eventually(dead, (outcome) => outcome.stdout.includes('answered 400'))
    const { deadLetters } = JSON.parse(stdout) as { readonly deadLetters: readonly { readonly id: string }[] }
    shop.kill('SIGKILL')
    await shop.outcome
    const status = await millrace(['status', '--json'], place.env)
    expect(status.code).toBe(3)
    expect(JSON.parse(status.stdout)).toMatchObject({ status: 'down', mode: 'inspect' })
    const retried = await millrace(['dlq', 'retry', deadLetters[0]?.id ?? ''], place.env)
    expect([retried.code, retried.stdout]).toEqual([1, expect.stringContaining('no process runs')])
  },
)
