import { connect } from 'node:net'

import { expect, test } from 'vitest'

import { readBody } from './http/read-body.ts'
import { serve } from './serve.ts'
import type { RunningServer } from './serve.ts'

interface Ended {
  readonly text: string
  readonly afterMs: number
}

/** Sends the beginning of a request and waits until the server has had enough. */
function beginRequest(server: RunningServer, text: string): Promise<Ended> {
  const started = performance.now()
  return new Promise((resolve, reject) => {
    let answer = ''
    const socket = connect(server.port, '127.0.0.1', () => socket.write(text))
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString()))
    socket.once('error', reject)
    socket.once('close', () => resolve({ text: answer, afterMs: performance.now() - started }))
  })
}

test.each([
  ['head', 'GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: '],
  ['body', 'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc'],
])('a client that never ends its %s is cut', async (_part, text) => {
  const handler = {
    fetch: async (request: Request) => new Response(Buffer.from(await readBody(request, 100))),
  }
  await using server = await serve(handler, { port: 0, headersTimeoutMs: 100, requestTimeoutMs: 200 })
  const { text: answer, afterMs } = await beginRequest(server, text)
  expect(answer).toMatch(/^HTTP\/1\.1 408 /)
  expect(afterMs).toBeLessThan(5000)
})

test('an answer may take longer than a request', async () => {
  const { promise, resolve } = Promise.withResolvers<Response>()
  await using server = await serve({ fetch: () => promise }, { port: 0, requestTimeoutMs: 50 })
  setTimeout(() => resolve(new Response('late')), 300)
  expect(await (await fetch(server.url)).text()).toBe('late')
})

test('a handler learns under which host names it is reached', async () => {
  const told: string[] = []
  const handler = {
    fetch: () => new Response('ok'),
    allowHosts: (hosts: readonly string[]) => void told.push(...hosts),
  }
  await using address = await serve(handler, { host: '127.0.0.2', port: 0 })
  expect(told.splice(0)).toEqual([new URL(address.url).hostname])
  await using name = await serve(handler, { host: 'localhost', port: 0 })
  expect(told).toEqual([new URL(name.url).hostname, 'localhost'])
})

test('only a handler that asks for a token is bound to where others can reach it', async () => {
  const handler = { fetch: () => new Response('ok') }
  for (const open of [handler, { ...handler, asksForToken: false }])
    await expect(serve(open, { host: '0.0.0.0', port: 0 })).rejects.toMatchObject({
      setting: 'MILLRACE_HOST',
    })
  await using running = await serve({ ...handler, asksForToken: true }, { host: '0.0.0.0', port: 0 })
  expect((await fetch(running.url)).status).toBe(200)
})
