import { InvalidValueError } from '@millrace/contracts'
import type { SqlSession } from '@millrace/postgres'
import { jsonResponse, readBody, readJsonObject, refusal } from '@millrace/server'
import { Webhook, WebhookVerificationError } from 'standardwebhooks'

import type { Handler } from '../intake/intake.ts'

/** A webhook the receiver accepted. */
interface ReceivedWebhook {
  readonly id: string
  /** How often it arrived. */
  readonly times: number
  readonly firstAt: string
  readonly lastAt: string
  readonly body: unknown
}

/** Settings of {@link createReceiver}. */
export interface ReceiverOptions {
  readonly database: SqlSession
  /** Shared with the sender. */
  readonly secret: string
  /** Current time in epoch milliseconds. @defaultValue `Date.now` */
  readonly now?: () => number
}

/** The far end of the webhooks, inside the app so that a fresh clone has one. */
export interface Receiver {
  /** `POST /receiver`: for whoever holds the secret. */
  readonly receive: Handler
  /** `GET /receiver`: what arrived, the newest first; for operators. */
  readonly list: Handler
  /** `PUT /receiver/mode` with `{"mode":"fail","forMs":10000}` or `{"mode":"ok"}`; for operators. */
  readonly setMode: Handler
}

interface ReceivedRow {
  readonly webhook_id: string
  readonly body: string
  readonly times: number
  readonly first_at: Date
  readonly last_at: Date
}

const maxBytes = 100_000
const maxListed = 1000
const maxModeBytes = 1000

// A repeat of a webhook changes nothing but its count: receiving is idempotent by the webhook's id.
const record = `
insert into inbox_received as kept (webhook_id, body, times, first_at, last_at)
values ($1, $2::json, 1, $3, $3)
on conflict (webhook_id) do update set times = kept.times + 1, last_at = excluded.last_at
returning times`

const list = `
select webhook_id, body, times, first_at, last_at from inbox_received order by first_at desc, webhook_id limit $1`

interface Mode {
  readonly fail: boolean
  readonly forMs: number
}

/** @throws {@link InvalidValueError} naming the field */
function parseMode({ mode, forMs = Infinity, ...others }: Readonly<Record<string, unknown>>): Mode {
  const [other] = Object.keys(others)
  if (other !== undefined) throw new InvalidValueError(other, 'left out: the fields are mode and forMs')
  if (mode !== 'ok' && mode !== 'fail') throw new InvalidValueError('mode', "'ok' or 'fail'")
  if (typeof forMs !== 'number' || !(forMs > 0)) throw new InvalidValueError('forMs', 'milliseconds above 0')
  return { fail: mode === 'fail', forMs }
}

/** Everything a webhook is must be JSON, or it could not be kept. */
function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** Why a webhook is not to be trusted; undefined for one that was signed with the secret within the last five minutes. */
function faultOf(webhook: Webhook, headers: Headers, text: string): string | undefined {
  try {
    webhook.verify(text, Object.fromEntries(headers), { jsonParse: false })
    return undefined
  } catch (error) {
    if (error instanceof WebhookVerificationError) return error.message
    throw error
  }
}

/** Records signed webhooks in the database; can be told to fail. A restart makes it healthy again. */
export function createReceiver({ database, secret, now = Date.now }: ReceiverOptions): Receiver {
  const webhook = new Webhook(secret)
  let failsUntil = 0

  const receive: Handler = async (request) => {
    const text = Buffer.from(await readBody(request, maxBytes)).toString()
    const fault = faultOf(webhook, request.headers, text)
    if (fault !== undefined) return refusal(401, { code: 'ERR_SIGNATURE', message: `webhook: ${fault}` })
    if (now() < failsUntil)
      return refusal(503, { code: 'ERR_TOLD_TO_FAIL', message: 'the receiver was told to fail' })
    if (!isJson(text)) return refusal(400, { code: 'ERR_NOT_JSON', message: 'body: must be JSON' })
    const id = request.headers.get('webhook-id') ?? ''
    const [row] = await database.query<{ times: number }>(record, [id, text, new Date(now())])
    return jsonResponse({ id, times: row?.times ?? 1 })
  }

  return {
    receive,
    list: async () => {
      const rows = await database.query<ReceivedRow>(list, [maxListed])
      const received: readonly ReceivedWebhook[] = rows.map((row) => ({
        id: row.webhook_id,
        times: row.times,
        firstAt: row.first_at.toISOString(),
        lastAt: row.last_at.toISOString(),
        body: JSON.parse(row.body) as unknown,
      }))
      return jsonResponse({ mode: now() < failsUntil ? 'fail' : 'ok', received })
    },
    setMode: async (request) => {
      const { fail, forMs } = parseMode(await readJsonObject(request, maxModeBytes))
      failsUntil = fail ? now() + forMs : 0
      return jsonResponse({ mode: fail ? 'fail' : 'ok' })
    },
  }
}
