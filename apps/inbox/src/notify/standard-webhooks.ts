import { createHmac, createSecretKey, timingSafeEqual } from 'node:crypto'
import type { KeyObject } from 'node:crypto'

import { ConfigurationError } from '@millrace/contracts'

/** The headers of a signed webhook (https://www.standardwebhooks.com). */
export interface WebhookHeaders {
  readonly 'webhook-id': string
  /** Seconds since the epoch. */
  readonly 'webhook-timestamp': string
  readonly 'webhook-signature': string
}

/** Why a signed webhook is not to be trusted. */
export type WebhookFault = 'headers missing' | 'timestamp too far from now' | 'signature does not match'

const toleranceSeconds = 300
const prefix = 'whsec_'
/** The least that Standard Webhooks allows. */
const minKeyBytes = 24

/**
 * A key from a secret of the form `whsec_<base64>`; made once, since signing with it is several times faster.
 *
 * @throws {@link ConfigurationError} for text that is not base64, of which the key would be empty and known to all, and
 * for a key of less than 24 bytes
 */
export function webhookKey(secret: string): KeyObject {
  const text = secret.slice(secret.startsWith(prefix) ? prefix.length : 0)
  const bytes = Buffer.from(text, 'base64')
  if (!/^[A-Za-z0-9+/]{2,}={0,2}$/.test(text) || bytes.byteLength < minKeyBytes)
    throw new ConfigurationError(
      'MILLRACE_RECEIVER_SECRET',
      `must be ${prefix} and the base64 of at least ${minKeyBytes} bytes`,
    )
  return createSecretKey(bytes)
}

function signature(
  key: KeyObject,
  signed: { readonly id: string; readonly timestamp: string; readonly body: string },
): string {
  return `v1,${createHmac('sha256', key).update(`${signed.id}.${signed.timestamp}.${signed.body}`).digest('base64')}`
}

/** Signs a body under an id that is the same for every try of one message. */
export function signWebhook(
  key: KeyObject,
  message: { readonly id: string; readonly body: string; readonly at: Date },
): WebhookHeaders {
  const timestamp = String(Math.floor(message.at.getTime() / 1000))
  return {
    'webhook-id': message.id,
    'webhook-timestamp': timestamp,
    'webhook-signature': signature(key, { id: message.id, timestamp, body: message.body }),
  }
}

/** Undefined for a webhook that this key signed within the last five minutes. */
export function webhookFault(
  key: KeyObject,
  headers: Headers,
  body: string,
  now: number,
): WebhookFault | undefined {
  const id = headers.get('webhook-id')
  const timestamp = headers.get('webhook-timestamp')
  const given = headers.get('webhook-signature')
  if (id === null || id === '' || given === null || timestamp === null || !/^\d{1,12}$/.test(timestamp))
    return 'headers missing'
  if (Math.abs(now / 1000 - Number(timestamp)) > toleranceSeconds) return 'timestamp too far from now'
  const expected = Buffer.from(signature(key, { id, timestamp, body }))
  const matches = given.split(' ').some((one) => {
    const bytes = Buffer.from(one)
    return bytes.byteLength === expected.byteLength && timingSafeEqual(bytes, expected)
  })
  return matches ? undefined : 'signature does not match'
}
