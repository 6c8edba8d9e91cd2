import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'

import { expect, test, vi } from 'vitest'

import { openLink } from './link.ts'
import type { Link } from './link.ts'

interface Echo extends AsyncDisposable {
  readonly port: number
}

async function openEcho(): Promise<Echo> {
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy())
    socket.pipe(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      server.close()
      await once(server, 'close')
    },
  }
}

interface Client extends Disposable {
  readonly socket: Socket
  readonly received: () => string
  readonly closed: () => boolean
}

async function openClient({ port }: Link): Promise<Client> {
  const socket = connect({ host: '127.0.0.1', port })
  let [received, closed] = ['', false]
  socket.setEncoding('utf8').on('data', (part: string) => (received += part))
  socket.on('error', () => socket.destroy()).on('close', () => (closed = true))
  await once(socket, 'connect')
  return {
    socket,
    received: () => received,
    closed: () => closed,
    [Symbol.dispose]: () => void socket.destroy(),
  }
}

test('a link carries bytes both ways and ends as its ends do', async () => {
  await using echo = await openEcho()
  await using link = await openLink(echo)
  using client = await openClient(link)
  client.socket.write('hello')
  await vi.waitFor(() => expect(client.received()).toBe('hello'))
  expect(link.connections).toBe(1)
  client.socket.end(' again')
  await vi.waitFor(() => expect([client.received(), client.closed()]).toEqual(['hello again', true]))
  await vi.waitFor(() => expect(link.connections).toBe(0))
})

test('a cut link breaks what is open and lets nothing in, until it is mended', async () => {
  await using echo = await openEcho()
  await using link = await openLink(echo)
  using client = await openClient(link)
  client.socket.write('x')
  await vi.waitFor(() => expect(client.received()).toBe('x'))
  link.cut()
  await vi.waitFor(() => expect(client.closed()).toBe(true))
  using refused = await openClient(link)
  await vi.waitFor(() => expect(refused.closed()).toBe(true))
  link.mend()
  using again = await openClient(link)
  again.socket.write('y')
  await vi.waitFor(() => expect(again.received()).toBe('y'))
})

test('a stalled link loses nothing and keeps the order', async () => {
  await using echo = await openEcho()
  await using link = await openLink(echo)
  using client = await openClient(link)
  client.socket.write('a')
  await vi.waitFor(() => expect(client.received()).toBe('a'))
  link.stall()
  client.socket.write('b')
  // A link of its own is a clock here: what is to come had the time to come.
  await using free = await openLink(echo)
  using other = await openClient(free)
  other.socket.write('c')
  await vi.waitFor(() => expect(other.received()).toBe('c'))
  expect([client.received(), client.closed()]).toEqual(['a', false])
  link.mend()
  client.socket.write('d')
  await vi.waitFor(() => expect(client.received()).toBe('abd'))
})

test('a slow link takes at least its time, and stays in order', async () => {
  await using echo = await openEcho()
  await using link = await openLink(echo)
  link.slow({ latencyMs: 40 })
  using client = await openClient(link)
  const begin = performance.now()
  client.socket.write('1')
  client.socket.write('2')
  await vi.waitFor(() => expect(client.received()).toBe('12'), { interval: 1 })
  // Both ways; a timer may be a millisecond early.
  expect(performance.now() - begin).toBeGreaterThan(75)
})

test('a narrow link lets so many bytes through in a second, more than it holds too', async () => {
  await using echo = await openEcho()
  await using link = await openLink(echo)
  link.slow({ bytesPerSecond: 20_000_000 })
  using client = await openClient(link)
  const begin = performance.now()
  client.socket.write('x'.repeat(4_000_000))
  await vi.waitFor(() => expect(client.received().length).toBe(4_000_000), { timeout: 10_000 })
  expect(performance.now() - begin).toBeGreaterThan(195)
})

test.each([
  [{ latencyMs: -1 }, 'slowness.latencyMs'],
  [{ latencyMs: Infinity }, 'slowness.latencyMs'],
  [{ bytesPerSecond: 0 }, 'slowness.bytesPerSecond'],
  [{ bytesPerSecond: NaN }, 'slowness.bytesPerSecond'],
])('%j is no slowness', async (slowness, field) => {
  await using link = await openLink({ port: 1 })
  expect(() => link.slow(slowness)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_VALUE', field }))
})
