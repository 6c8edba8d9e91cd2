import { createHmac, createSecretKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'

/** The headers of a signed webhook (https://www.standardwebhooks.com). */
export interface WebhookHeaders {
  readonly 'webhook-id': string
  /** Seconds since the epoch. */
  readonly 'webhook-timestamp': string
  readonly 'webhook-signature': string
}

const prefix = 'whsec_'
/** The least that Standard Webhooks allows. */
const minKeyBytes = 24

/** What a signing secret must be. */
export const webhookSecretRule: string = `${prefix} and the base64 of at least ${minKeyBytes} bytes`

/** A key from a secret; undefined for one of another form, of which the key would be short or known to all. */
export function webhookKey(secret: string): KeyObject | undefined {
  const text = secret.slice(secret.startsWith(prefix) ? prefix.length : 0)
  const bytes = Buffer.from(text, 'base64')
  return /^[A-Za-z0-9+/]{2,}={0,2}$/.test(text) && bytes.byteLength >= minKeyBytes
    ? createSecretKey(bytes)
    : undefined
}

/** Signs a body under an id that is the same for every try of one message. */
export function signWebhook(
  key: KeyObject,
  message: { readonly id: string; readonly body: string; readonly at: Date },
): WebhookHeaders {
  const timestamp = String(Math.floor(message.at.getTime() / 1000))
  const signed = `${message.id}.${timestamp}.${message.body}`
  return {
    'webhook-id': message.id,
    'webhook-timestamp': timestamp,
    'webhook-signature': `v1,${createHmac('sha256', key).update(signed).digest('base64')}`,
  }
}
