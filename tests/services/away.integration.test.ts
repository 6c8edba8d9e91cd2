import { createManagement, defineApp, defineJob, openApp } from '@millrace/app'
import type { StatusView } from '@millrace/app'
import { createStreamId } from '@millrace/contracts'
import { createServer, serve } from '@millrace/server'
import type { Route } from '@millrace/server'
import { millrace } from '@millrace/tools/cli'
import { startRedis } from '@millrace/tools/services'
import { expect, inject, test, vi } from 'vitest'
import { z } from 'zod'

import { startHangingProxy } from './support/hanging-proxy.ts'
import { embeddedPlace, serverPlace } from './support/places.ts'

const done: unknown[] = []
const mailer = defineApp({
  name: 'mailer',
  jobs: { mail: defineJob({ schema: z.string(), handle: async ({ data }) => void done.push(data) }) },
})
const attempt = { owner: 'one', leaseMs: 60_000 }

function stateOf({ components }: StatusView, component: string): string | undefined {
  return components.find(({ name }) => name === component)?.state
}

test(
  'an app starts without its Redis, says so, and takes it up when it comes',
  { timeout: 60_000 },
  async () => {
    await using redis = await startRedis({ durable: true })
    await redis.stop('kill')
    await using place = await embeddedPlace()
    await using opened = new AsyncDisposableStack()
    const app = opened.use(await openApp(mailer, { env: { ...place.env, MILLRACE_REDIS_URL: redis.url } }))
    const management = createManagement(app)
    expect(await app.cache.getOrLoad('a', async () => 1)).toBe(1)
    await expect(app.queue.enqueue('mail', 'early')).rejects.toMatchObject({ code: 'ERR_CONNECTION' })
    const claiming = app.dedup.claim('shop', ['evt'], attempt)
    const away = await management.status()
    expect(away).toMatchObject({ status: 'degraded', componentsUp: '1/2' })
    expect(stateOf(away, 'redis')).toBe('down')
    expect(away.reasons.join()).toMatch(/redis \(cache, dedup, jobs\) is down: Redis at .* cannot be reached/)

    await redis.start()
    expect(await claiming).toMatchObject([{ kind: 'new', id: 'evt' }])
    await vi.waitFor(async () => await app.queue.enqueue('mail', 'late'), { timeout: 10_000 })
    await vi.waitFor(() => expect(done).toContain('late'), { timeout: 10_000 })
    const back = await management.status()
    expect([stateOf(back, 'redis'), stateOf(back, 'database'), back.componentsUp]).toEqual([
      'recovering',
      'healthy',
      '2/2',
    ])
    expect(done).not.toContain('early')

    await redis.stop('kill')
    const begin = performance.now()
    await opened.disposeAsync()
    expect(performance.now() - begin).toBeLessThan(15_000)
  },
)

test('an intake that may go on without Redis does, and says that it did not look', async () => {
  await using redis = await startRedis()
  await redis.stop('kill')
  await using place = await embeddedPlace()
  const env = { ...place.env, MILLRACE_REDIS_URL: redis.url, MILLRACE_DEDUP_WHEN_AWAY: 'fail-open' }
  await using app = await openApp(mailer, { env })
  expect(await app.dedup.claim('shop', ['evt'], attempt)).toMatchObject([{ kind: 'unchecked', id: 'evt' }])
})

test('an app whose intake waits for Redis can be closed', async () => {
  await using redis = await startRedis()
  await redis.stop('kill')
  await using place = await embeddedPlace()
  const app = await openApp(mailer, { env: { ...place.env, MILLRACE_REDIS_URL: redis.url } })
  const claiming = Promise.allSettled([app.dedup.claim('shop', ['evt'], attempt)])
  await app[Symbol.asyncDispose]()
  expect(await claiming).toMatchObject([{ status: 'rejected', reason: { name: 'AbortError' } }])
})

test(
  'while Postgres hangs the status says so in time, the intake answers 503, and both go on by themselves',
  { timeout: 90_000 },
  async () => {
    await using place = await serverPlace()
    const url = new URL(place.env['DATABASE_URL'] ?? '')
    await using proxy = await startHangingProxy({ host: url.hostname, port: Number(url.port) })
    url.port = String(proxy.port)
    await using app = await openApp(mailer, { env: { ...place.env, DATABASE_URL: url.href } })
    const intake: Route = {
      method: 'POST',
      path: '/orders',
      guard: 'open',
      handle: async () => {
        const { version } = await app.store.append(
          createStreamId('order', '1'),
          [{ type: 'placed', data: {} }],
          { expectedVersion: 'any' },
        )
        return Response.json({ version })
      },
    }
    await using running = await serve(createServer(app, { routes: [intake] }), { port: 0 })
    const ask = async (): Promise<readonly [status: number, tookMs: number]> => {
      const begin = performance.now()
      const answer = await fetch(new URL('/orders', running.url), { method: 'POST' })
      await answer.text()
      return [answer.status, performance.now() - begin]
    }
    const status = async () => await millrace(['status', '--json', '--url', running.url])
    expect([(await ask())[0], (await status()).code]).toEqual([200, 0])

    proxy.hang()
    const [first, tookMs] = await ask()
    expect([first, tookMs < 12_000]).toEqual([503, true])
    expect((await ask())[1]).toBeLessThan(1_000)
    const begin = performance.now()
    const down = await status()
    expect([down.code, performance.now() - begin < 8_000]).toEqual([3, true])
    const view = JSON.parse(down.stdout) as StatusView
    expect([view.status, stateOf(view, 'database'), view.componentsUp]).toEqual(['down', 'down', '2/3'])
    expect(down.stdout).not.toContain(url.password === '' ? 'no password' : url.password)

    proxy.goOn()
    await vi.waitFor(async () => expect((await ask())[0]).toBe(200), { timeout: 20_000, interval: 200 })
    const back = await status()
    expect([back.code, stateOf(JSON.parse(back.stdout) as StatusView, 'database')]).toEqual([1, 'recovering'])
  },
)

test('a password in the URL of a server shows nowhere', async () => {
  await using place = await embeddedPlace()
  const env = {
    ...place.env,
    MILLRACE_REDIS_URL: inject('redis').replace('redis://', 'redis://nobody:s3cret-of-redis@'),
    MILLRACE_ELASTICSEARCH_URL: 'http://elastic:s3cret-of-search@127.0.0.1:1',
  }
  await using app = await openApp(mailer, { env })
  const status = JSON.stringify(await createManagement(app).status())
  expect(status).toMatch(/refused this user/)
  expect(status).not.toContain('s3cret')
  const failure = await app.cache.getOrLoad('a', async () => 1).catch((error: unknown) => error)
  expect(failure).toMatchObject({ code: 'ERR_CONFIGURATION', setting: 'MILLRACE_REDIS_URL' })
  expect(String(failure)).not.toContain('s3cret')
})
