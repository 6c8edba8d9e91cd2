import { createServer } from 'node:http'
import type { RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'

import { afterEach, expect, test, vi } from 'vitest'

import { runFeed } from './feed.ts'
import { parseRoute } from './route.ts'
import { Store, initialState } from './state.ts'

const heartbeat = ': heartbeat\n\n'

interface Feed extends AsyncDisposable {
  readonly connections: string[]
  readonly ended: Promise<void>
}

/** What a browser would provide; the server and the requests are real. */
async function startFeed(listener: RequestListener, silenceMs: number): Promise<Feed> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const { fetch } = globalThis
  vi.stubGlobal('fetch', (path: string, init: RequestInit) => fetch(new URL(path, url), init))
  vi.stubGlobal('sessionStorage', { getItem: () => null })
  vi.stubGlobal('requestAnimationFrame', (draw: () => void) => draw())
  const connections: string[] = []
  const store = new Store(initialState(parseRoute('')), ({ connection }) => {
    if (connections.at(-1) !== connection) connections.push(connection)
  })
  const stop = new AbortController()
  const ended = runFeed(store, {
    readRecent: () => Promise.resolve(),
    onChange: () => undefined,
    signal: stop.signal,
    silenceMs,
  })
  const settled = ended.catch(() => undefined)
  return {
    connections,
    ended,
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      await settled
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

afterEach(() => vi.unstubAllGlobals())

test('a connection on which nothing is heard any more is lost and opened anew; heartbeats keep it', async () => {
  let opened = 0
  let beats = 0
  const listener: RequestListener = (_, response) => {
    opened += 1
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write(heartbeat)
    if (opened > 1) return
    const timer = setInterval(() => {
      beats += 1
      response.write(heartbeat)
      if (beats === 6) clearInterval(timer)
    }, 200)
  }
  await using feed = await startFeed(listener, 1000)
  await vi.waitFor(() => expect(opened).toBe(2), { timeout: 10_000 })
  expect(beats).toBe(6)
  expect(feed.connections.slice(0, 2)).toEqual(['open', 'lost'])
})

test('a stream that opened is opened again without a longer and longer pause', async () => {
  let opened = 0
  const listener: RequestListener = (_, response) => {
    opened += 1
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(heartbeat, () => response.socket?.destroy())
  }
  const started = performance.now()
  await using feed = await startFeed(listener, 10_000)
  await vi.waitFor(() => expect(opened).toBe(6), { timeout: 10_000 })
  // With doubled pauses the sixth would come after 7.75 s.
  expect(performance.now() - started).toBeLessThan(6000)
  expect(feed.connections).toContain('open')
})

test('what the page cannot handle is an error, not a lost connection', async () => {
  const listener: RequestListener = (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write('event: event\ndata: {\n\n')
  }
  await using feed = await startFeed(listener, 10_000)
  await expect(feed.ended).rejects.toBeInstanceOf(SyntaxError)
  expect(feed.connections).toEqual(['open', 'lost'])
})
