import { createHash } from 'node:crypto'
import { request as httpRequest } from 'node:http'

import { createManagement } from '@millrace/app'
import { ConnectionError } from '@millrace/contracts'
import { createServer, jsonResponse, readBody, serve } from '@millrace/server'
import type { Route } from '@millrace/server'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { eventually } from '../support/places.ts'
import { serveShop } from '../support/served-shop.ts'
import type { ServedShop } from '../support/served-shop.ts'
import { cart, event } from '../support/shop.ts'

/** A cursor as somebody who read our code would forge it. */
function cursorOf(scope: Readonly<Record<string, string>>, place: string): string {
  const digest = createHash('sha256')
    .update(JSON.stringify(Object.entries(scope)))
    .digest('base64url')
  return Buffer.from(JSON.stringify([1, digest.slice(0, 16), place])).toString('base64url')
}

const json = { 'content-type': 'application/json' }

const routes: readonly Route[] = [
  { method: 'GET', path: '/api/own/:name', handle: (_request, { params }) => jsonResponse(params) },
  {
    method: 'POST',
    path: '/hook',
    guard: 'own',
    handle: async (request) => jsonResponse({ bytes: (await readBody(request, 10)).byteLength }),
  },
  {
    method: 'GET',
    path: '/api/broken',
    handle: () => {
      throw new TypeError('a secret detail')
    },
  },
  {
    method: 'GET',
    path: '/api/away',
    handle: async () => {
      throw new ConnectionError('the warehouse is away')
    },
  },
]

describe('the HTTP interface of an app', () => {
  let served: ServedShop
  beforeAll(async () => {
    served = await serveShop({ routes, hosts: ['inbox.example.org'] })
    await served.app.store.append(cart('a/b %?#ü'), [event('opened', 1), event('filled', 2)], {
      expectedVersion: 'any',
    })
    await served.app.store.append(cart('2'), [event('opened', 3)], { expectedVersion: 'any' })
  })
  afterAll(() => served[Symbol.asyncDispose]())

  const ask = (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(served.running.url + path, init)
  const read = async <Answer>(path: string, init: RequestInit = {}): Promise<Answer> =>
    (await ask(path, init)).json() as Promise<Answer>

  test('every answer forbids sniffing and caching', async () => {
    const response = await ask('/api/status')
    expect(response.status).toBe(200)
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(await response.json()).toMatchObject({ app: 'shop', instance: served.app.instance })
  })

  test('health names the run', async () => {
    expect(await read('/healthz')).toEqual({ status: 'ok', instance: served.app.instance })
  })

  test('streams and their events are listed, whatever characters their ids have', async () => {
    const page = await read<{ streams: { id: string }[]; next: string | null }>('/api/streams?limit=1')
    expect(page.streams).toHaveLength(1)
    const rest = await read<{ streams: { id: string }[] }>(`/api/streams?cursor=${page.next ?? ''}`)
    expect([...page.streams, ...rest.streams].map(({ id }) => id)).toEqual(['cart-2', 'cart-a/b %?#ü'])
    const events = await read<{ events: { version: number }[] }>(
      `/api/streams/${encodeURIComponent('cart-a/b %?#ü')}/events?fromVersion=2&direction=backwards`,
    )
    expect(events.events.map(({ version }) => version)).toEqual([2])
  })

  test('events are found by type and correlation', async () => {
    const byType = await read<{ events: { streamId: string }[] }>(
      '/api/events?type=opened&type=other&category=cart',
    )
    expect(byType.events.map(({ streamId }) => streamId)).toEqual(['cart-a/b %?#ü', 'cart-2'])
    const found = await read<{ events: object[] }>(
      '/api/events?correlationId=order-3&from=2000-01-01&to=2999-12-31',
    )
    expect(found.events).toHaveLength(1)
  })

  test.each([
    ['/api/streams?limit=0', 400, 'limit'],
    ['/api/streams?limit=x', 400, 'limit'],
    ['/api/streams?page=2', 400, 'page'],
    ['/api/streams/nonsense/events', 400, 'streamId'],
    ['/api/events?from=yesterday', 400, 'from'],
    ['/api/events?direction=sideways', 400, 'direction'],
    ['/api/deliveries?state=lost', 400, 'state'],
    ['/api/dead-letters?kind=lost', 400, 'kind'],
    ['/api/live?after=nowhere', 400, 'after'],
    ['/api/events?cursor=invented', 400, undefined],
    ['/api/streams/cart-none/events', 404, undefined],
    ['/api/deliveries/none', 404, undefined],
    ['/api/dead-letters/none', 404, undefined],
    ['/api/none', 404, undefined],
    ['/console/none.js', 404, undefined],
  ])('GET %s is refused with %i', async (path, status, field) => {
    const response = await ask(path)
    expect(response.status).toBe(status)
    const { error } = (await response.json()) as { error: { code: string; message: string; field?: string } }
    expect(error.code).toMatch(/^ERR_/)
    expect(error.field).toBe(field)
  })

  test.each([
    ['GET', '/api/deliveries/%00'],
    ['GET', '/api/dead-letters/%00'],
    ['POST', '/api/dead-letters/%00/retry'],
    ['DELETE', '/api/dead-letters/%00'],
    ['POST', '/api/processors/%00/pause'],
    ['POST', '/api/processors/%00/resume'],
    ['GET', '/api/deliveries?processor=%00'],
    ['GET', '/api/dead-letters?processor=%00'],
    ['GET', '/api/events?correlationId=%00'],
    ['GET', '/api/events?causationId=%00'],
    ['GET', '/api/events?category=%00'],
    ['GET', `/api/streams?cursor=${cursorOf({ of: 'streams' }, '\0')}`],
  ])('what no database can look for is a bad request: %s %s', async (method, path) => {
    const response = await ask(path, { method, headers: json })
    expect([response.status, served.failures]).toEqual([400, []])
  })

  test('another method is refused with those that are taken', async () => {
    const response = await ask('/api/streams', { method: 'POST', headers: json })
    expect(response.status).toBe(405)
    expect(response.headers.get('allow')).toBe('GET')
  })

  test('a foreign host, a foreign origin and a change by a form are refused', async () => {
    const refusedBy = async (path: string, init: RequestInit): Promise<number> =>
      (await served.server.fetch(new Request(`http://localhost${path}`, init))).status
    for (const path of ['/api/status', '/', '/healthz', '/api/live'])
      expect(await refusedBy(path, { headers: { host: 'evil.example' } })).toBe(403)
    expect(await refusedBy('/api/status', { headers: { origin: 'http://evil.example' } })).toBe(403)
    const form = { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' } }
    expect(await refusedBy('/api/processors/counts/pause', form)).toBe(403)
    expect(await refusedBy('/api/status', { headers: { host: 'inbox.example.org' } })).toBe(200)
  })

  test('the host of a real connection is checked too', async () => {
    const { promise, resolve } = Promise.withResolvers<number | undefined>()
    const { port } = served.running
    const sent = httpRequest(
      { host: '127.0.0.1', port, path: '/api/status', headers: { host: 'evil.example' } },
      (answer) => {
        answer.resume()
        resolve(answer.statusCode)
      },
    )
    sent.end()
    expect(await promise).toBe(403)
  })

  test('processors are paused and resumed', async () => {
    const change = (verb: string, name = 'counts', body?: object): Promise<Response> =>
      ask(`/api/processors/${name}/${verb}`, {
        method: 'POST',
        headers: json,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
    expect(await (await change('pause', 'counts', { by: 'ann' })).json()).toEqual({
      name: 'counts',
      paused: true,
    })
    expect(await read('/healthz')).toMatchObject({ status: 'degraded' })
    expect(await (await change('resume')).json()).toEqual({ name: 'counts', paused: false })
    expect((await change('pause', 'none')).status).toBe(404)
    expect((await change('pause', 'counts', { by: 7 })).status).toBe(400)
    expect((await change('pause', 'counts', { bye: 'ann' })).status).toBe(400)
    expect((await change('pause', 'counts', { by: 'x'.repeat(20_000) })).status).toBe(413)
    await eventually(
      () => read<{ processors: { name: string; state: string }[] }>('/api/processors'),
      ({ processors }) => processors.every(({ state }) => state === 'running'),
    )
  })

  test('dead letters are listed, retried and removed', async () => {
    served.shop.failing.on = true
    await served.app.store.append(cart('3'), [event('ordered', 4), event('ordered', 5)], {
      expectedVersion: 'any',
    })
    const { deadLetters } = await eventually(
      () => read<{ deadLetters: { id: string }[] }>('/api/dead-letters?kind=delivery&processor=orders'),
      (page) => page.deadLetters.length === 2,
    )
    const [first, second] = deadLetters.map(({ id }) => `/api/dead-letters/${encodeURIComponent(id)}`)
    expect(await read(first ?? '')).toMatchObject({ kind: 'delivery', tries: 1 })
    const retry = { method: 'POST', headers: json, body: JSON.stringify({ by: 'ann', waitMs: 10_000 }) }
    expect(await read(`${first}/retry`, retry)).toMatchObject({ outcome: 'failed' })
    served.shop.failing.on = false
    expect(await read(`${first}/retry`, retry)).toMatchObject({ outcome: 'delivered', attempts: 3 })
    expect((await ask(`${first}/retry`, retry)).status).toBe(404)
    expect((await ask(`${second}/retry`, { ...retry, body: '{"waitMs":"long"}' })).status).toBe(400)
    expect(await read(second ?? '', { method: 'DELETE', headers: json })).toMatchObject({ removed: true })
    expect((await ask(second ?? '', { method: 'DELETE', headers: json })).status).toBe(404)
    const deliveries = await read<{ deliveries: { id: string }[] }>(
      '/api/deliveries?state=delivered&processor=orders',
    )
    expect(deliveries.deliveries).toHaveLength(1)
    const id = encodeURIComponent(deliveries.deliveries[0]?.id ?? '')
    expect(await read(`/api/deliveries/${id}`)).toMatchObject({ state: 'delivered' })
  })

  test('routes of the app are served, guarded as they say', async () => {
    expect(await read('/api/own/a%20b')).toEqual({ name: 'a b' })
    const hook = await served.server.fetch(
      new Request('http://anywhere.example/hook', {
        method: 'POST',
        body: 'x',
        headers: { origin: 'http://evil.example' },
      }),
    )
    expect(await hook.json()).toEqual({ bytes: 1 })
    expect((await ask('/hook', { method: 'POST', body: 'x'.repeat(11) })).status).toBe(413)
  })

  test('a defect is told to the log and not to the client', async () => {
    const response = await ask('/api/broken')
    expect(response.status).toBe(500)
    expect(await response.text()).not.toContain('secret')
    expect(served.failures.at(-1)).toBeInstanceOf(TypeError)
    expect((await ask('/api/away')).status).toBe(503)
  })

  test('the page is served with a strict policy and asks nothing of others', async () => {
    const page = await ask('/')
    expect(page.status).toBe(200)
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(page.headers.get('content-type')).toContain('text/html')
    expect(await page.text()).not.toMatch(/(src|href)="https?:/)
    expect((await ask('/console/style.css')).headers.get('content-type')).toContain('text/css')
  })
})

test('with a token, everything but health, the page and what guards itself asks for it', async () => {
  await using served = await serveShop({ token: 'correct-horse', routes })
  const status = async (path: string, headers: Readonly<Record<string, string>> = {}): Promise<number> => {
    const response = await fetch(served.running.url + path, { headers })
    await response.body?.cancel()
    return response.status
  }
  for (const path of ['/api/status', '/api/streams', '/api/live', '/api/own/x']) {
    expect(await status(path)).toBe(401)
    expect(await status(path, { authorization: 'Bearer wrong' })).toBe(401)
    expect(await status(path, { authorization: 'Bearer correct-horse' })).toBe(200)
  }
  expect(await status('/healthz')).toBe(200)
  expect(await status('/')).toBe(200)
  expect((await fetch(`${served.running.url}/hook`, { method: 'POST', body: 'x' })).status).toBe(200)
})

test('a port that is taken is named, with the way out', async () => {
  await using served = await serveShop()
  const { port } = served.running
  await expect(serve(served.server, { port })).rejects.toMatchObject({
    code: 'ERR_CONFIGURATION',
    setting: 'PORT',
    message: expect.stringMatching(new RegExp(`port ${port} .* set PORT`)) as unknown,
  })
})

test('a bind beyond loopback without a token is refused, an address of another machine too', async () => {
  const handler = { fetch: () => new Response('ok') }
  await expect(serve(handler, { host: '0.0.0.0', port: 0 })).rejects.toMatchObject({
    setting: 'MILLRACE_HOST',
  })
  const guarded = { ...handler, asksForToken: true }
  await expect(serve(guarded, { host: '192.0.2.1', port: 0 })).rejects.toMatchObject({
    setting: 'MILLRACE_HOST',
  })
  await using open = await serve(guarded, { host: '0.0.0.0', port: 0 })
  expect(open.url).toBe(`http://127.0.0.1:${open.port}`)
  await using six = await serve(handler, { host: '[::1]', port: 0 })
  expect(six.url).toBe(`http://[::1]:${six.port}`)
})

test('the address that was bound is a host of ours, and who guards it is asked of the server itself', async () => {
  await using served = await serveShop({ token: 'correct-horse', hosts: ['inbox.example.org'] })
  const ask = async (host: string): Promise<number> => {
    const headers = { authorization: 'Bearer correct-horse' }
    return (await served.server.fetch(new Request(`http://${host}:4400/api/status`, { headers }))).status
  }
  expect([await ask('192.168.1.5'), await ask('[fd00::5]')]).toEqual([403, 403])
  served.server.allowHosts(['192.168.1.5', '[fd00::5]'])
  expect([await ask('192.168.1.5'), await ask('[fd00::5]'), await ask('inbox.example.org')]).toEqual([
    200, 200, 200,
  ])
  using open = createServer(served.app)
  expect([served.server.asksForToken, open.asksForToken]).toEqual([true, false])
  await expect(serve(open, { host: '0.0.0.0', port: 0 })).rejects.toMatchObject({ setting: 'MILLRACE_HOST' })
})

test('closing lets a request under way end', async () => {
  const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>()
  const { promise: answer, resolve: release } = Promise.withResolvers<Response>()
  const running = await serve(
    {
      fetch: () => {
        arrive()
        return answer
      },
    },
    { port: 0 },
  )
  const asked = fetch(running.url)
  await arrived
  const closing = running[Symbol.asyncDispose]()
  release(new Response('late but whole'))
  expect(await (await asked).text()).toBe('late but whole')
  await closing
  await expect(fetch(running.url)).rejects.toThrow(/fetch failed/)
})

test('a request that does not end is cut after the grace', async () => {
  const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>()
  const never = new Promise<Response>(() => undefined)
  const running = await serve(
    {
      fetch: () => {
        arrive()
        return never
      },
    },
    { port: 0, graceMs: 50 },
  )
  const asked = fetch(running.url).catch((error: unknown) => error)
  await arrived
  await running[Symbol.asyncDispose]()
  expect(await asked).toBeInstanceOf(TypeError)
})

test('a management of another kind can be served too', async () => {
  await using served = await serveShop()
  const failures: unknown[] = []
  using server = createServer(
    { management: createManagement(served.app) },
    { onError: (error) => failures.push(error) },
  )
  const response = await server.fetch(new Request('http://localhost/api/status'))
  expect(await response.json()).toMatchObject({ app: 'shop' })
})

test('a store that is away makes health 503 and the rest say so', async () => {
  await using served = await serveShop()
  await served.app.store[Symbol.asyncDispose]()
  expect((await fetch(`${served.running.url}/healthz`)).status).toBe(503)
  expect(await (await fetch(`${served.running.url}/api/status`)).json()).toMatchObject({ status: 'down' })
  expect((await fetch(`${served.running.url}/api/streams`)).status).toBe(503)
})
