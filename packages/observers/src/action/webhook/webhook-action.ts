import type { KeyObject } from 'node:crypto'

import { ActionError } from '@millrace/processing'
import type { ActionReceipt } from '@millrace/processing'

import type { RuleInput } from '../../observer/rule-input.ts'
import type { Secrets } from '../../secret/secrets.ts'
import { secretVariable } from '../../template/compile-template.ts'
import type { Template, TemplateValues } from '../../template/compile-template.ts'
import { jsonText } from '../../template/value-text.ts'
import { defineActionKind } from '../action-kind.ts'
import type { ActionAttempt, AnyActionKind, PreparedAction } from '../action-kind.ts'
import type { ActionSettings } from '../action-settings.ts'
import type { HttpPoster } from './http-post.ts'
import { fixedHost, hostOf } from './url-destination.ts'
import { signWebhook, webhookKey, webhookSecretRule } from './webhook-signature.ts'

/** The settings of a webhook. */
export interface WebhookSettings {
  /** `https://...`; values in it are encoded, but one it begins with is taken as a URL. */
  readonly url: string
  /** @defaultValue `'POST'` */
  readonly method?: 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Values are templates. `content-length`, `host`, `connection` and those of the signature are not for rules to set. */
  readonly headers?: Readonly<Record<string, string>>
  /**
   * A JSON value whose texts are templates, or the template of a JSON text; in code also a pure function of the event that
   * gives a JSON value, for a body whose form depends on it.
   * @defaultValue `{ type, timestamp, data }` of the event
   */
  readonly body?: unknown
  /** The name of a secret, `whsec_` and base64: the webhook is signed as Standard Webhooks says. @defaultValue unsigned */
  readonly signWith?: string
}

interface RenderedWebhook {
  readonly method: 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

const methods = ['POST', 'PUT', 'PATCH', 'DELETE'] as const
const headerName = /^[!#$%&'*+.^_`|~0-9a-z-]+$/
const ownHeaders = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'idempotency-key',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
  'webhook-id',
  'webhook-signature',
  'webhook-timestamp',
])

type BodyRenderer = (values: TemplateValues) => string

const defaultBody = { type: '{{ event.type }}', timestamp: '{{ event.occurredAt }}', data: '{{ data }}' }

function readHeaders(settings: ActionSettings): readonly (readonly [string, Template])[] {
  const entries = Object.entries(settings.object('headers') ?? {})
  return entries.flatMap(([given, text]) => {
    const name = given.toLowerCase()
    if (!headerName.test(name) || ownHeaders.has(name)) {
      settings.problem(
        `headers.${given}`,
        headerName.test(name) ? 'is set by the action itself' : 'is no header name',
      )
      return []
    }
    const template = settings.templateOf(text, 'header', settings.placeOf(`headers.${given}`))
    return template === undefined ? [] : [[name, template] as const]
  })
}

function readBody(settings: ActionSettings): BodyRenderer {
  const body = settings.value('body')
  if (typeof body === 'function') {
    const make = body as (input: RuleInput) => unknown
    // Only templates may name secrets: what a function gives could not be masked in a dry run.
    return ({ [secretVariable]: _secrets, ...input }) => jsonText(make(input as unknown as RuleInput))
  }
  if (typeof body === 'string') {
    const template = settings.template('body', 'json')
    return (values) => template?.render(values) ?? ''
  }
  const template =
    body === undefined ? settings.jsonOf(defaultBody, settings.placeOf('body')) : settings.json('body')
  return (values) => jsonText(template?.render(values))
}

function readKey(settings: ActionSettings, secrets: Secrets): (() => KeyObject) | undefined {
  const name = settings.text('signWith')
  if (name === undefined) return undefined
  const secret = secrets.get(name)
  if (secret === undefined) settings.problem('signWith', `there is no secret ${name}`)
  else if (webhookKey(secret) === undefined)
    settings.problem('signWith', `the secret ${name} must be ${webhookSecretRule}`)
  const known = new Map<string, KeyObject>()
  // Asked for at each attempt, so that a secret may be replaced while the process runs.
  return () => {
    const text = secrets.get(name) ?? ''
    const key = known.get(text) ?? webhookKey(text)
    if (key === undefined) throw new ActionError(`the secret ${name} is not there`, { kind: 'transient' })
    known.clear()
    known.set(text, key)
    return key
  }
}

async function send(
  poster: HttpPoster,
  webhook: RenderedWebhook,
  { attempt, key }: { readonly attempt: ActionAttempt; readonly key: KeyObject | undefined },
): Promise<ActionReceipt> {
  const { url, method, body } = webhook
  if (hostOf(url) === undefined)
    throw new ActionError('its URL is none of http or https', { kind: 'permanent' })
  const id = attempt.idempotencyKey
  const signature = key === undefined ? {} : signWebhook(key, { id, body, at: new Date() })
  const headers = { ...webhook.headers, 'idempotency-key': id, ...signature }
  const { statusCode } = await poster.post({ url, method, headers, body, signal: attempt.signal })
  return { statusCode }
}

/** Webhooks: one HTTP request with JSON, signed where a secret is named. */
export function webhookKind(poster: HttpPoster, secrets: Secrets): AnyActionKind {
  return defineActionKind<RenderedWebhook>({
    kind: 'webhook',
    prepare: (settings): PreparedAction<RenderedWebhook> => {
      settings.required('url')
      const url = settings.template('url', 'url')
      if (url?.isFixed === true && hostOf(url.start) === undefined)
        settings.problem('url', 'must be a URL of http or https, without a user')
      const method = settings.choice('method', methods) ?? 'POST'
      const headers = readHeaders(settings)
      const body = readBody(settings)
      const key = readKey(settings, secrets)
      const destination = url === undefined ? undefined : fixedHost(url)
      return {
        ...(destination === undefined ? {} : { destination }),
        render: (values) => ({
          method,
          url: url?.render(values) ?? '',
          headers: {
            'content-type': 'application/json',
            ...Object.fromEntries(headers.map(([name, template]) => [name, template.render(values)])),
          },
          body: body(values),
        }),
        destinationOf: (rendered) => hostOf(rendered.url),
        send: async (rendered, attempt) => await send(poster, rendered, { attempt, key: key?.() }),
      }
    },
  })
}
