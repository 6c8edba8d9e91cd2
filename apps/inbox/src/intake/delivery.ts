import type { ErrorBody } from '@millrace/server'

import { isRecord, isNestedAtMost } from './json.ts'
import type { JsonObject } from './json.ts'

/** What GitHub says about a delivery in its headers. */
export interface DeliveryHeaders {
  /** `X-GitHub-Event`, for example `issues`. */
  readonly kind: string
  /** `X-GitHub-Delivery`; the same for every try of one delivery. */
  readonly id: string
}

/** Why something cannot be taken in. */
interface Refused {
  readonly ok: false
  readonly status: 400 | 415
  readonly error: ErrorBody
}

/** Either what was asked for, or the reason why not. */
export type Checked<T> = { readonly ok: true; readonly value: T } | Refused

const maxLevels = 200

function refused(message: string, status: 400 | 415 = 400, code = 'ERR_INVALID_VALUE'): Refused {
  return { ok: false, status, error: { code, message } }
}

/** Checks the headers that name a delivery. */
export function checkHeaders(headers: Headers): Checked<DeliveryHeaders> {
  const contentType = headers.get('content-type')?.split(';')[0]?.trim().toLowerCase()
  if (contentType !== undefined && contentType !== 'application/json')
    return refused(
      `content-type: must be application/json, is ${contentType}; choose it as the webhook's content type`,
      415,
      'ERR_UNSUPPORTED_MEDIA_TYPE',
    )
  const kind = headers.get('x-github-event')
  if (kind === null || !/^[\x21-\x7e]{1,64}$/.test(kind))
    return refused('X-GitHub-Event: must be 1 to 64 printable ASCII characters')
  const id = headers.get('x-github-delivery')
  if (id === null || !/^[\w.:-]{1,100}$/.test(id))
    return refused('X-GitHub-Delivery: must be 1 to 100 characters of A-Z a-z 0-9 _ . : -')
  return { ok: true, value: { kind, id } }
}

/** Reads a body as a JSON object in UTF-8. */
export function parsePayload(body: Uint8Array): Checked<JsonObject> {
  let payload: unknown
  try {
    payload = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch {
    return refused('body: must be JSON in UTF-8', 400, 'ERR_NOT_JSON')
  }
  if (!isRecord(payload)) return refused('body: must be a JSON object', 400, 'ERR_NOT_JSON')
  if (!isNestedAtMost(maxLevels, payload))
    return refused(`body: must be nested at most ${maxLevels} levels deep`)
  return { ok: true, value: payload }
}
