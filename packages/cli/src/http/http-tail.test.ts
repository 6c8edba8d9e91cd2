import { once } from 'node:events'
import { createServer } from 'node:http'
import type { RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'

import { expect, test } from 'vitest'

import { ApiClient } from './api-client.ts'
import { createHttpManagement } from './http-management.ts'
import { httpTail } from './http-tail.ts'

interface TestServer extends AsyncDisposable {
  readonly url: string
}

async function answering(listener: RequestListener): Promise<TestServer> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

const message = (event: string, id: string): string =>
  `event: ${event}\nid: ${id}\ndata: {"position":"${id}"}\n\n`

test('a stream that falls silent is opened again where it ended', async () => {
  const asked: (string | undefined)[] = []
  await using server = await answering(({ url = '' }, response) => {
    asked.push(url)
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(asked.length === 1 ? message('ready', 'g:1:0') : message('event', 'g:2:0'))
  })
  const client = new ApiClient({ url: server.url, token: undefined, timeoutMs: 100 })
  for await (const { position } of httpTail(client, {})) {
    expect(position).toBe('g:2:0')
    break
  }
  expect(asked).toEqual(['/api/live', '/api/live?after=g%3A1%3A0'])
})

test('a reader that takes its time is not silence', async () => {
  let connections = 0
  await using server = await answering((_request, response) => {
    connections++
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    for (const id of ['g:1:0', 'g:2:0']) response.write(message('event', id))
  })
  const client = new ApiClient({ url: server.url, token: undefined, timeoutMs: 100 })
  const seen: string[] = []
  for await (const { position } of httpTail(client, {})) {
    seen.push(position)
    await new Promise((resolve) => setTimeout(resolve, 250))
    if (seen.length === 2) break
  }
  expect([seen, connections]).toEqual([['g:1:0', 'g:2:0'], 1])
})

test('what is no message of ours ends the tail, and is not asked for again and again', async () => {
  await using server = await answering((_request, response) => response.end('event: reset\ndata: null\n\n'))
  const client = new ApiClient({ url: server.url, token: undefined })
  await expect(httpTail(client, { after: 'g:1:0' }).next()).rejects.toThrow(TypeError)
})

test.each([
  ['says nothing', ''],
  ['stops in its answer', '{"half'],
])('a server that %s is a failed connection', async (_what, text) => {
  await using server = await answering((_request, response) => {
    if (text !== '') response.write(text)
  })
  const management = createHttpManagement({ url: server.url, token: undefined, timeoutMs: 100 })
  const late = { code: 'ERR_CONNECTION', message: `${server.url} did not answer in time` }
  await expect(management.status()).rejects.toMatchObject(late)
})

test('a tail of a server that says nothing is a failed connection', async () => {
  await using server = await answering(() => undefined)
  const client = new ApiClient({ url: server.url, token: undefined, timeoutMs: 100 })
  await expect(httpTail(client, {}).next()).rejects.toMatchObject({ code: 'ERR_CONNECTION' })
})
