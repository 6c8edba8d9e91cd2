import type { KeyObject } from 'node:crypto'

import { ActionError } from '@millrace/processing'

import { signWebhook } from './standard-webhooks.ts'

/** One try of a webhook. */
export interface OutgoingWebhook {
  readonly url: string
  readonly key: KeyObject
  /** The same for every try. */
  readonly id: string
  readonly body: string
  readonly signal: AbortSignal
}

const maxAnswerBytes = 16_384

/** Reads so much of an answer that the connection may be used again, and gives up on one that does not end. */
async function discard(response: Response): Promise<void> {
  if (response.body === null) return
  let bytes = 0
  // Leaving the loop early cancels the body, which closes the connection.
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength
    if (bytes > maxAnswerBytes) return
  }
}

async function post({ url, key, id, body, signal }: OutgoingWebhook): Promise<Response> {
  try {
    return await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...signWebhook(key, { id, body, at: new Date() }) },
      body,
      redirect: 'manual',
      signal,
    })
  } catch (error) {
    throw ActionError.fromNetwork(error)
  }
}

/**
 * Sends a webhook with Standard Webhooks headers. A redirect is not followed and counts as a failure; of the answer at
 * most 16 KiB are read.
 *
 * @returns the status code
 * @throws {@link ActionError} unless the answer's status is 2xx
 */
export async function sendWebhook(webhook: OutgoingWebhook): Promise<number> {
  const response = await post(webhook)
  await discard(response)
  if (!response.ok) throw ActionError.fromStatus(response.status)
  return response.status
}
