import { createServer } from 'node:http'
import type { IncomingMessage, RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'

import { ActionError } from '@millrace/processing'
import { expect, test } from 'vitest'

import { sendWebhook } from './send-webhook.ts'
import { webhookKey } from './standard-webhooks.ts'

const message = {
  key: webhookKey('whsec_c2VjcmV0'),
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

test('a receiver that never answers is given up at the signal', async () => {
  await withReceiver(
    () => undefined,
    async (url) => {
      const sent = sendWebhook({ ...message, url, signal: AbortSignal.timeout(50) })
      await expect(sent).rejects.toBeInstanceOf(ActionError)
    },
  )
})
