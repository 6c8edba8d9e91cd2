import { ActionError, defineAction, defineProcessor } from '@millrace/processing'
import type { Processor, RetryPolicy } from '@millrace/processing'

import { githubCategory } from '../intake/subject.ts'
import { noticeOf } from './rule.ts'
import { sendWebhook } from './send-webhook.ts'
import { webhookKey } from './standard-webhooks.ts'

/** Settings of {@link notifyProcessor}. */
export interface NotifyOptions {
  /** Where webhooks go; undefined until the address is known. Asked for at each attempt. */
  readonly target: () => string | undefined
  /** `whsec_<base64>` of at least 24 bytes, shared with the receiver. */
  readonly secret: string
  /** Milliseconds an attempt may take. @defaultValue 5_000 */
  readonly timeoutMs?: number
  /** @defaultValue 10 attempts, 2 s apart */
  readonly retry?: RetryPolicy
}

const tenAttempts: RetryPolicy = {
  shape: 'fixed',
  maxAttempts: 10,
  initialMs: 2000,
  capMs: 2000,
  jitter: 'none',
}

/**
 * Tells a webhook about every issue labelled `bug` and every published release. The delivery's idempotency key is the
 * webhook's id, so that a receiver knows a repeat. Like every observer it begins with what comes after its first start.
 */
export function notifyProcessor({
  target,
  secret,
  timeoutMs = 5000,
  retry = tenAttempts,
}: NotifyOptions): Processor {
  const key = webhookKey(secret)
  const webhook = defineAction({
    name: 'webhook',
    timeoutMs,
    retry,
    afterUnknown: 'retry',
    execute: async ({ envelope, idempotencyKey, signal }) => {
      const url = target()
      if (url === undefined) throw new ActionError('the receiver has no address yet', { kind: 'unreachable' })
      const body = JSON.stringify({
        type: envelope.type,
        timestamp: envelope.occurredAt.toISOString(),
        data: { stream: envelope.streamId, version: envelope.version, notice: noticeOf(envelope) },
      })
      return { statusCode: await sendWebhook({ url, key, id: idempotencyKey, body, signal }) }
    },
  })
  return defineProcessor({
    name: 'notify',
    startFrom: 'now',
    filter: { categories: [githubCategory] },
    actions: [webhook],
    handle: (batch, context) => {
      for (const event of batch) if (noticeOf(event) !== undefined) context.deliver('webhook', event)
    },
  })
}
