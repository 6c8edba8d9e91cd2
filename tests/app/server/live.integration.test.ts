import { connect } from 'node:net'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { eventually } from '../support/places.ts'
import { serveApp, serveShop } from '../support/served-shop.ts'
import type { ServedApp, ServedShop } from '../support/served-shop.ts'
import { cart, event } from '../support/shop.ts'

interface Message {
  readonly event: string
  readonly id: string | undefined
  readonly data: {
    readonly n?: number
    readonly data?: { readonly n: number }
    readonly position?: string
    readonly change?: string
  }
}

interface LiveClient extends AsyncDisposable {
  readonly status: number
  readonly messages: Message[]
  /** Numbers of the events seen, in order. */
  readonly numbers: () => (number | undefined)[]
  /** Resolves when the server ends the stream. */
  readonly ended: Promise<void>
}

function parse(block: string): Message | undefined {
  const fields = new Map(
    block.split('\n').map((line) => line.split(/: (.*)/s).slice(0, 2) as [string, string]),
  )
  const data = fields.get('data')
  if (data === undefined) return undefined
  return { event: fields.get('event') ?? '', id: fields.get('id'), data: JSON.parse(data) as Message['data'] }
}

async function listen(
  served: ServedApp,
  query = '',
  headers: Readonly<Record<string, string>> = {},
): Promise<LiveClient> {
  const stop = new AbortController()
  const response = await fetch(`${served.running.url}/api/live${query}`, { headers, signal: stop.signal })
  const messages: Message[] = []
  const read = async (): Promise<void> => {
    let rest = ''
    const text = response.body?.pipeThrough(new TextDecoderStream()) ?? []
    for await (const chunk of text as AsyncIterable<string>) {
      const blocks = (rest + chunk).split('\n\n')
      rest = blocks.pop() ?? ''
      messages.push(...blocks.map(parse).filter((message) => message !== undefined))
    }
  }
  const ended = read().catch((error: unknown) => {
    if (!stop.signal.aborted) throw error
  })
  return {
    status: response.status,
    messages,
    numbers: () => messages.filter((message) => message.event === 'event').map(({ data }) => data.data?.n),
    ended,
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      await ended
    },
  }
}

const append = (served: ServedApp, type: string, n: number): Promise<unknown> =>
  served.app.store.append(cart('live'), [event(type, n)], { expectedVersion: 'any' })

/** The app of most tests here; each has a server of its own. */
let shop: ServedShop
beforeAll(async () => {
  shop = await serveShop()
})
afterAll(() => shop[Symbol.asyncDispose]())

test('events appear as they are appended, deliveries and processors as they change', async () => {
  await using served = await serveApp(shop.app)
  await append(served, 'opened', 1)
  await using client = await listen(served)
  await eventually(
    () => client.messages,
    ({ length }) => length > 0,
  )
  expect(client.messages[0]).toMatchObject({ event: 'ready' })
  await append(served, 'ordered', 2)
  await eventually(
    () => client.messages,
    (all) => all.some(({ data }) => data.change === 'delivered'),
  )
  await eventually(
    () => client.messages,
    (all) => all.some((one) => one.event === 'processor' && one.data.change === 'advanced'),
  )
  expect(client.numbers()).toEqual([2])
})

test('a client that comes back misses nothing and sees nothing twice, also inside a commit', async () => {
  await using served = await serveApp(shop.app)
  const events = [1, 2, 3].map((n) => event('opened', n))
  await served.app.store.append(cart('live'), events, { expectedVersion: 'any' })
  const { events: recorded } = await served.management.searchEvents({ direction: 'backwards', limit: 3 })
  await using client = await listen(served, '', { 'last-event-id': recorded[2]?.position ?? '' })
  await eventually(
    () => client.numbers(),
    ({ length }) => length === 2,
  )
  await append(served, 'opened', 4)
  await eventually(
    () => client.numbers(),
    ({ length }) => length === 3,
  )
  expect(client.numbers()).toEqual([2, 3, 4])
  const last = client.messages.findLast(({ id }) => id !== undefined)?.id ?? ''
  await using again = await listen(served, `?after=${last}`)
  await append(served, 'opened', 5)
  await eventually(
    () => again.numbers(),
    ({ length }) => length === 1,
  )
  expect(again.numbers()).toEqual([5])
})

test('a stream can be narrowed by type and category', async () => {
  await using served = await serveApp(shop.app)
  await using client = await listen(served, '?type=wanted&category=cart')
  await append(served, 'other', 1)
  await append(served, 'wanted', 2)
  await eventually(
    () => client.numbers(),
    ({ length }) => length === 1,
  )
  expect(client.numbers()).toEqual([2])
})

test('a position of a log that is no more begins anew, and says so', async () => {
  await using served = await serveApp(shop.app)
  await append(served, 'opened', 1)
  await using client = await listen(served, '', { 'last-event-id': 'another:5:0' })
  await eventually(
    () => client.messages,
    ({ length }) => length > 0,
  )
  expect(client.messages[0]).toMatchObject({ event: 'reset' })
  await append(served, 'opened', 2)
  await eventually(
    () => client.numbers(),
    ({ length }) => length === 1,
  )
  expect(client.numbers()).toEqual([2])
})

test('heartbeats show that the connection lives', async () => {
  await using served = await serveApp(shop.app, { heartbeatMs: 10 })
  const response = await fetch(`${served.running.url}/api/live`)
  let text = ''
  for await (const chunk of (response.body?.pipeThrough(new TextDecoderStream()) ??
    []) as AsyncIterable<string>) {
    text += chunk
    if (text.includes(': heartbeat')) break
  }
  expect(text).toContain(': heartbeat\n\n')
})

test('streams beyond the most are refused until one ends', async () => {
  await using served = await serveApp(shop.app, { maxLiveStreams: 1 })
  const first = await listen(served)
  expect((await fetch(`${served.running.url}/api/live`)).status).toBe(503)
  await first[Symbol.asyncDispose]()
  const open = async (): Promise<number> => {
    const response = await fetch(`${served.running.url}/api/live`)
    await response.body?.cancel()
    return response.status
  }
  expect(await eventually(open, (status) => status === 200)).toBe(200)
})

test('closing the server ends open streams at once', async () => {
  await using served = await serveApp(shop.app)
  const client = await listen(served)
  await eventually(
    () => client.messages,
    ({ length }) => length > 0,
  )
  const began = performance.now()
  await served.running[Symbol.asyncDispose]()
  await client.ended
  expect(performance.now() - began).toBeLessThan(4_000)
})

test('a stream that fails ends, and the failure is told', async () => {
  await using served = await serveShop()
  const client = await listen(served)
  await eventually(
    () => client.messages,
    ({ length }) => length > 0,
  )
  await served.app.store[Symbol.asyncDispose]()
  await client.ended
  expect(served.failures.length).toBeGreaterThan(0)
})

test('a client that does not read is cut, and the server keeps little of what it sends', async () => {
  await using served = await serveApp(shop.app, { stallMs: 200, maxLiveStreams: 1 })
  const socket = connect(served.running.port, '127.0.0.1')
  await new Promise((resolve) => socket.once('connect', resolve))
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  socket.on('error', () => undefined)
  socket.write('GET /api/live HTTP/1.1\r\nhost: localhost\r\n\r\n')
  await new Promise((resolve) => socket.once('readable', resolve))
  socket.pause()
  // More than the kernel's buffers of both ends take.
  const large = { type: 'large', data: 'x'.repeat(900_000) }
  for (let round = 0; round < 20; round++)
    await served.app.store.append(cart('large'), [large], { expectedVersion: 'any' })
  await eventually(
    async () => {
      const response = await fetch(`${served.running.url}/api/live`)
      await response.body?.cancel()
      return response.status
    },
    (status) => status === 200,
  )
  socket.resume()
  await closed
})
