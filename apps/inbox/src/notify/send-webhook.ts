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
const maxAnswerMs = 1000

async function readSome(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
  for (let bytes = 0; bytes <= maxAnswerBytes;) {
    const { done, value } = await reader.read()
    if (done) return
    bytes += value.byteLength
  }
}

/** Reads so much of an answer that the connection may be used again, and gives up on one that does not end. */
async function discard(response: Response): Promise<void> {
  if (response.body === null) return
  const reader: ReadableStreamDefaultReader<Uint8Array> = response.body.getReader()
  // A body that is cancelled has ended for its reader, and its connection is closed.
  const cancel = (): Promise<void> => reader.cancel().catch(() => undefined)
  const tooLong = setTimeout(() => void cancel(), maxAnswerMs)
  try {
    await readSome(reader)
  } catch {
    // The status has said all there is to know; what the rest is worth must not change it.
  } finally {
    clearTimeout(tooLong)
    await cancel()
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
 * Sends a webhook with Standard Webhooks headers. A redirect is not followed and counts as a failure. The status alone
 * decides: of the answer's body at most 16 KiB are read, for at most a second.
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
