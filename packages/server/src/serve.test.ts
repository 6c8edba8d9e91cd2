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
  const handler = { fetch: async (request: Request) => new Response(await readBody(request, 100)) }
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
