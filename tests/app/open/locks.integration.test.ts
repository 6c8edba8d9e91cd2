import { createManagement, openApp } from '@millrace/app'
import { millrace } from '@millrace/tools/cli'
import { expect, test } from 'vitest'

import { openJetStreamApi } from '../support/jetstream-api.ts'
import { eventually, preparedPlace } from '../support/places.ts'
import { serveShop } from '../support/served-shop.ts'
import { createShop } from '../support/shop.ts'

interface Listed {
  readonly locks: readonly { readonly name: string; readonly state: string; readonly owner: string | null }[]
}

test('processors hold their locks in the database, as long as the setting says', async () => {
  await using place = await preparedPlace()
  const env = { ...place.env, MILLRACE_PROJECTION_LOCK_TTL: '3' }
  await using app = await openApp(createShop().definition, { env })
  const management = createManagement(app)
  const locks = await eventually(
    () => management.locks(),
    (all) => all.filter(({ state }) => state === 'held').length === 2,
  )
  expect(locks.map(({ name }) => name)).toEqual(['processor/counts/0', 'processor/orders/0'])
  for (const { renewedAt, expiresAt, owner, zombie } of locks) {
    expect(Date.parse(expiresAt ?? '') - Date.parse(renewedAt ?? '')).toBe(3_000)
    expect([owner, zombie]).toEqual([app.runtime?.owner, null])
  }
})

test('processors hold their locks on JetStream where the setting says so', async () => {
  await using place = await preparedPlace('jetstream')
  const env = { ...place.env, MILLRACE_PROJECTION_LOCK_DRIVER: 'jetstream' }
  const name = place.env['NATS_STREAM'] ?? ''
  await using jetstream = await openJetStreamApi()
  {
    await using app = await openApp(createShop().definition, { env })
    await eventually(
      () => app.locks.inspect('processor/orders/0'),
      (lock) => lock?.state === 'held',
    )
    const [none] = await app.database.query<{ n: number }>('select count(*) as n from millrace.locks')
    expect(none?.n).toBe(0)
    const subject = `$KV.${name}.lock.processor=2Forders=2F0`
    const { message } = await jetstream.ask<{ readonly message?: { readonly data: string } }>(
      `STREAM.MSG.GET.KV_${name}`,
      { last_by_subj: subject },
    )
    expect(JSON.parse(Buffer.from(message?.data ?? '', 'base64').toString())).toMatchObject({
      version: 1,
      name: 'processor/orders/0',
      holding: { owner: app.runtime?.owner, ttlMs: 10_000 },
    })
  }
  // Who only looks opens them when they are asked for.
  await using app = await openApp(createShop().definition, { env, mode: 'inspect' })
  const locks = await createManagement(app).locks()
  expect(locks.map(({ name: lock, state }) => [lock, state])).toEqual([
    ['processor/counts/0', 'free'],
    ['processor/orders/0', 'free'],
  ])
  await jetstream.ask(`STREAM.DELETE.KV_${name}`)
})

test('an operator lists locks and takes one, over HTTP', async () => {
  await using served = await serveShop()
  const { env } = served.place
  const lock = 'processor/orders/0'
  await eventually(
    () => served.app.locks.inspect(lock),
    (view) => view?.state === 'held',
  )
  const before = await served.app.locks.inspect(lock)
  const table = await millrace(['locks', 'list'], env)
  expect(table.stdout).toMatch(/LOCK +STATE +OWNER +EPOCH +RENEWED +BEHIND +ZOMBIE\n/)
  const unforced = await millrace(['locks', 'release', lock], env)
  expect([unforced.code, unforced.stderr]).toEqual([4, expect.stringContaining('--force')])
  const released = await millrace(['locks', 'release', lock, '--force'], env)
  expect(released).toMatchObject({ code: 0, stdout: `${lock} released\n` })
  await eventually(
    () => served.app.locks.inspect(lock),
    (view) => view?.state === 'held' && view.epoch > (before?.epoch ?? 0),
  )
  expect((await millrace(['locks', 'release', 'processor/none/0', '--force'], env)).code).toBe(5)
})

test('a lock whose holder died is a zombie with its age, on a stopped app', async () => {
  await using place = await preparedPlace('postgres')
  {
    await using app = await openApp(createShop().definition, { env: place.env })
    await app.locks.acquire('rebuild/counts', { owner: 'a process that died', ttlMs: 1 })
  }
  const listed = await millrace(['locks', 'list', '--zombies', '--json'], place.env)
  expect((JSON.parse(listed.stdout) as Listed).locks).toMatchObject([
    {
      name: 'rebuild/counts',
      state: 'expired',
      owner: 'a process that died',
      zombie: { reason: 'expired', ageSeconds: expect.any(Number) as number },
    },
  ])
  expect((await millrace(['locks', 'list', '--zombies'], place.env)).stdout).toMatch(/expired for \d+ s/)
  expect((await millrace(['locks', 'release', 'rebuild/counts', '--force'], place.env)).stdout).toBe(
    'rebuild/counts released\n',
  )
  expect((await millrace(['locks', 'list', '--zombies'], place.env)).stdout).toBe('no locks\n')
})
