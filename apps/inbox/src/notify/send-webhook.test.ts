import { createServer } from 'node:http'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

import { ActionError } from '@millrace/processing'
import { expect, test } from 'vitest'

import { sendWebhook } from './send-webhook.ts'
import { webhookKey } from './standard-webhooks.ts'

const message = {
  key: webhookKey(`whsec_${Buffer.alloc(24).toString('base64')}`),
  id: 'msg_1',
  body: '{}',
  signal: new AbortController().signal,
}

async function withReceiver(answer: RequestListener, check: (url: string) => Promise<void>): Promise<void> {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    await check(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  } finally {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
}

test('a webhook carries its id, time and signature', async () => {
  const seen: IncomingMessage[] = []
  await withReceiver(
    (request, response) => {
      seen.push(request)
      response.writeHead(204).end()
    },
    async (url) => {
      expect(await sendWebhook({ ...message, url })).toBe(204)
    },
  )
  expect(seen[0]?.headers).toMatchObject({ 'webhook-id': 'msg_1', 'content-type': 'application/json' })
  expect(seen[0]?.headers['webhook-signature']).toMatch(/^v1,[A-Za-z0-9+/]{43}=$/)
})

test('a failure says whether another try may help', async () => {
  const kinds: [number, string][] = [
    [503, 'transient'],
    [429, 'transient'],
    [400, 'permanent'],
    [302, 'permanent'],
  ]
  for (const [status, kind] of kinds)
    await withReceiver(
      (_, response) => response.writeHead(status, { location: 'http://127.0.0.1:1/' }).end(),
      async (url) => {
        await expect(sendWebhook({ ...message, url })).rejects.toMatchObject({ kind, statusCode: status })
      },
    )
})

test('a receiver that is not there was not reached', async () => {
  let closed = ''
  await withReceiver(
    () => undefined,
    async (url) => void (closed = url),
  )
  await expect(sendWebhook({ ...message, url: closed })).rejects.toMatchObject({ kind: 'unreachable' })
})

test('an answer without end is not read to its end', async () => {
  await withReceiver(
    (_, response) => {
      response.writeHead(200)
      const more = (): void => {
        while (response.write('x'.repeat(10_000)));
        response.once('drain', more)
      }
      more()
    },
    async (url) => {
      expect(await sendWebhook({ ...message, url })).toBe(200)
    },
  )
})

test.each([
  ['stalls', () => undefined],
  ['breaks off', (response: ServerResponse) => response.socket?.destroy()],
])('a receiver has accepted by its status, even if the body %s', async (_how, end) => {
  await withReceiver(
    (_, response) => {
      response.writeHead(200, { 'content-length': '100' })
      response.write('x', () => end(response))
    },
    async (url) => {
      expect(await sendWebhook({ ...message, url, signal: AbortSignal.timeout(10_000) })).toBe(200)
    },
  )
})

test('a try that is cut off behind the status has the outcome of the status', async () => {
  for (const [status, outcome] of [
    [200, { status: 'fulfilled', value: 200 }],
    [503, { status: 'rejected', reason: { kind: 'transient', statusCode: 503 } }],
  ] as const) {
    const { promise: answered, resolve } = Promise.withResolvers<void>()
    await withReceiver(
      (_, response) => {
        response.writeHead(status)
        response.write('x', () => resolve())
      },
      async (url) => {
        const stop = new AbortController()
        const sent = Promise.allSettled([sendWebhook({ ...message, url, signal: stop.signal })])
        await answered
        setTimeout(() => stop.abort(), 300)
        expect(await sent).toMatchObject([outcome])
      },
    )
  }
})

test('a receiver that never answers is given up at the signal', async () => {
  await withReceiver(
    () => undefined,
    async (url) => {
      const sent = sendWebhook({ ...message, url, signal: AbortSignal.timeout(50) })
      await expect(sent).rejects.toBeInstanceOf(ActionError)
    },
  )
})
