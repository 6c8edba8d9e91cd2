import { spawnSync } from 'node:child_process'
import { hostname } from 'node:os'

import { openApp } from '@millrace/app'
import { millrace } from '@millrace/tools/cli'
import { expect, test } from 'vitest'

import { openJetStreamApi } from '../support/jetstream-api.ts'
import { eventually, preparedPlace } from '../support/places.ts'
import type { Place } from '../support/places.ts'
import { serveApp, serveShop } from '../support/served-shop.ts'
import { createShop } from '../support/shop.ts'

interface Listed {
  readonly consumers: readonly {
    readonly name: string
    readonly state: string
    readonly owner: string | null
  }[]
}

const list = ['jetstream', 'consumers', 'list']
const sweep = ['jetstream', 'consumers', 'sweep']

/** A consumer that the server keeps for an hour; of a process that is no more where `ours`. */
async function plant(place: Place, name: string, ours: boolean): Promise<string> {
  await using jetstream = await openJetStreamApi()
  const stream = place.env['NATS_STREAM']
  const dead = spawnSync(process.execPath, ['--version']).pid
  const config = {
    name,
    ack_policy: 'none',
    inactive_threshold: 3_600_000_000_000,
    metadata: ours ? { 'millrace-owner': `${hostname()}:${dead}`, 'millrace-purpose': 'log' } : {},
  }
  const request = { stream_name: stream, config, action: 'create' }
  expect(await jetstream.ask(`CONSUMER.CREATE.${stream}.${name}`, request)).not.toHaveProperty('error')
  return name
}

const consumersOf = ({ stdout }: { readonly stdout: string }): Listed['consumers'] =>
  (JSON.parse(stdout) as Listed).consumers

test.each(['served', 'stopped'])(
  'consumers are listed and swept, foreign ones left alone (%s)',
  async (how) => {
    await using place = await preparedPlace('jetstream')
    const app = await openApp(createShop().definition, { env: place.env })
    await using served = await serveApp(app)
    app.announce(served.running.url)
    if (how === 'stopped') await app[Symbol.asyncDispose]()
    const left = await plant(place, 'millrace-log-left', true)
    const foreign = await plant(place, 'reports', false)

    const shown = await millrace(list, place.env)
    expect(shown.code).toBe(0)
    expect(shown.stdout).toMatch(/^CONSUMER +STATE +OWNER +FOR +AGE +PENDING +LAST ACTIVE\n/)
    expect(shown.stdout).toMatch(new RegExp(`${left} +gone +${hostname()}:\\d+ +log +\\d+ s +0 +never\n`))
    expect(shown.stdout).toMatch(/reports +foreign +\d+ s/)

    const rehearsal = await millrace([...sweep, '--dry-run'], place.env)
    expect([rehearsal.code, rehearsal.stdout]).toEqual([0, expect.stringContaining('would remove 1:\n')])
    const swept = await millrace([...sweep, '--json'], place.env)
    expect([swept.code, JSON.parse(swept.stdout)]).toMatchObject([
      0,
      { dryRun: false, removed: [{ name: left, state: 'gone', purpose: 'log' }] },
    ])
    expect((await millrace(sweep, place.env)).stdout).toBe('nothing to sweep\n')
    const rest = consumersOf(await millrace([...list, '--json'], place.env)).map(({ name }) => name)
    expect(rest).toContain(foreign)
    expect(rest).not.toContain(left)
    if (how === 'served') await app[Symbol.asyncDispose]()
  },
)

test('the consumer of a running app is active and stays', async () => {
  await using place = await preparedPlace('jetstream')
  await using app = await openApp(createShop().definition, { env: place.env })
  await using served = await serveApp(app)
  const url = ['--url', served.running.url]
  const active = await eventually(
    async () => consumersOf(await millrace([...list, '--json', ...url])),
    (consumers) => consumers.some(({ state }) => state === 'active'),
  )
  expect(active.map(({ owner }) => owner)).toContain(`${hostname()}:${process.pid}`)
  expect(JSON.parse((await millrace([...sweep, '--json', ...url])).stdout)).toEqual({
    dryRun: false,
    removed: [],
  })
})

test('status shows where events and state are, and how the stream does', async () => {
  await using place = await preparedPlace('jetstream')
  await using app = await openApp(createShop().definition, { env: place.env })
  await using served = await serveApp(app)
  app.announce(served.running.url)
  const { stdout } = await eventually(
    () => millrace(['status'], place.env),
    ({ code }) => code === 0,
  )
  expect(stdout).toMatch(/^events +jetstream 127\.0\.0\.1:\d+\/app_\w+$/m)
  expect(stdout).toMatch(/^state +embedded \S+$/m)
  expect(stdout).toMatch(/^stream +0 messages \(\d+ to 0\), 0\.0 MB, \d+ consumers?$/m)
  expect(stdout).toMatch(/^server +\S+ 2\.\d+\.\d+, [\d.]+ ms away$/m)
})

test('where events are not on JetStream there are no consumers to look after: exit code 5', async () => {
  await using served = await serveShop()
  for (const argv of [list, sweep]) {
    const { code, stderr } = await millrace([...argv, '--url', served.running.url])
    expect([code, stderr]).toEqual([5, expect.stringContaining('not on JetStream')])
  }
})

test('a server refuses what is no sweep', async () => {
  await using served = await serveShop()
  const post = (body: object): Promise<Response> =>
    fetch(new URL('/api/jetstream/consumers/sweep', served.running.url), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  expect((await post({ dryRun: 'yes' })).status).toBe(400)
  expect((await post({ all: true })).status).toBe(400)
  expect((await post({})).status).toBe(404)
})

test.each([
  ['a command is missing', ['jetstream']],
  ['a command is missing', ['jetstream', 'consumers']],
  ['an option is unknown', [...sweep, '--all']],
])('%s: exit code 2', async (_what, argv) => {
  expect((await millrace(argv)).code).toBe(2)
})

test('a NATS server that is away is exit code 3', async () => {
  await using place = await preparedPlace('jetstream')
  const { code, stderr } = await millrace(list, {
    ...place.env,
    NATS_URL: 'nats://ann:hunter22@127.0.0.1:1',
  })
  expect(code).toBe(3)
  expect(stderr).not.toContain('hunter22')
})
