import { randomBytes } from 'node:crypto'

import { Webhook } from 'standardwebhooks'
import { expect, test } from 'vitest'

import { signWebhook, webhookFault, webhookKey } from './standard-webhooks.ts'

const secret = `whsec_${randomBytes(24).toString('base64')}`
const key = webhookKey(secret)
const body = '{"text":"ein Käfer 🐞"}'

test('the reference implementation accepts what we sign', () => {
  const headers = signWebhook(key, { id: 'msg_1', body, at: new Date() })
  expect(new Webhook(secret).verify(body, { ...headers })).toEqual({ text: 'ein Käfer 🐞' })
})

test('we accept what the reference implementation signs, also beside a signature of an older key', () => {
  const at = new Date()
  const signed = new Webhook(secret).sign('msg_1', at, body)
  const headers = new Headers({
    'webhook-id': 'msg_1',
    'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': `v1,b2xk ${signed}`,
  })
  expect(webhookFault(key, headers, body, at.getTime())).toBeUndefined()
})

test('a webhook that is unsigned, old or changed is not trusted', () => {
  const at = new Date()
  const headers = new Headers({ ...signWebhook(key, { id: 'msg_1', body, at }) })
  expect(webhookFault(key, new Headers(), body, at.getTime())).toBe('headers missing')
  expect(webhookFault(key, headers, body, at.getTime() + 301_000)).toBe('timestamp too far from now')
  expect(webhookFault(key, headers, `${body} `, at.getTime())).toBe('signature does not match')
  headers.set('webhook-id', 'msg_2')
  expect(webhookFault(key, headers, body, at.getTime())).toBe('signature does not match')
})

const short = `whsec_${Buffer.alloc(23, 'a').toString('base64')}`

test.each(['whsec_', 'whsec_????????', 'whsec_not base64', short])(
  '%s would be a key known to all, or too short a one, and is refused',
  (text) => {
    const refused = { code: 'ERR_CONFIGURATION', setting: 'MILLRACE_RECEIVER_SECRET' }
    expect(() => webhookKey(text)).toThrow(expect.objectContaining(refused))
  },
)
