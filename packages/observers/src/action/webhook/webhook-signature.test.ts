import { randomBytes } from 'node:crypto'

import { Webhook } from 'standardwebhooks'
import { expect, test } from 'vitest'

import { signWebhook, webhookKey } from './webhook-signature.ts'

const secret = `whsec_${randomBytes(24).toString('base64')}`
const body = '{"text":"ein Käfer 🐞"}'

test('the reference implementation accepts what we sign, and nothing that was changed', () => {
  const key = webhookKey(secret)
  if (key === undefined) throw new Error('a good secret was refused')
  const headers = { ...signWebhook(key, { id: 'r1:rule:told', body, at: new Date() }) }
  expect(new Webhook(secret).verify(body, headers)).toEqual({ text: 'ein Käfer 🐞' })
  expect(() => new Webhook(secret).verify(`${body} `, headers)).toThrow('signature')
  expect(() => new Webhook(secret).verify(body, { ...headers, 'webhook-id': 'r2' })).toThrow('signature')
})

const short = `whsec_${Buffer.alloc(23, 'a').toString('base64')}`

test.each(['', 'whsec_', 'whsec_????????', 'whsec_not base64', short])(
  '%s would be a key known to all, or too short a one, and is refused',
  (text) => {
    expect(webhookKey(text)).toBeUndefined()
  },
)
