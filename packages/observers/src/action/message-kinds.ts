import type { ActionReceipt } from '@millrace/processing'

import type { JsonTemplate, Template } from '../template/compile-template.ts'
import { defineActionKind } from './action-kind.ts'
import type { ActionAttempt, AnyActionKind } from './action-kind.ts'
import type { ActionSettings } from './action-settings.ts'

/** Hands one rendered message over; rejects where it was not taken. */
export type HandOver<Message> = (message: Message, attempt: ActionAttempt) => Promise<ActionReceipt | void>

interface MessageShape {
  readonly kind: string
  /** Settings that are texts with values; `?` behind a name makes it optional. */
  readonly texts: readonly string[]
  /** Settings that are JSON with values; `?` behind a name makes it optional. */
  readonly json: readonly string[]
}

/** A kind whose settings become one message for a function: what there is to render is text and JSON, nothing else. */
function messageKind<Message>(
  { kind, texts, json }: MessageShape,
  handOver: HandOver<Message>,
): AnyActionKind {
  return defineActionKind<Message>({
    kind,
    prepare: (settings) => {
      const templates: [string, Template | JsonTemplate][] = []
      const add = (name: string, template: Template | JsonTemplate | undefined): void => {
        if (template !== undefined) templates.push([name.replace('?', ''), template])
      }
      for (const name of [...texts, ...json])
        if (!name.endsWith('?') && settings.value(name) === undefined) settings.problem(name, 'is missing')
      for (const name of texts) add(name, settings.template(name.replace('?', ''), 'subject'))
      for (const name of json) add(name, settings.json(name.replace('?', '')))
      return {
        destination: kind,
        render: (values) =>
          Object.fromEntries(templates.map(([name, template]) => [name, template.render(values)])) as Message,
        send: async (message, attempt) => await handOver(message, attempt),
      }
    },
  })
}

/** A message on a subject, for example of NATS. */
export interface PublishedMessage {
  readonly subject: string
  readonly data: unknown
}

/** Action `publish` with the settings `subject` and `data`. */
export function publishKind(publish: HandOver<PublishedMessage>): AnyActionKind {
  return messageKind({ kind: 'publish', texts: ['subject'], json: ['data'] }, publish)
}

/** A job for a queue. */
export interface QueuedJob {
  readonly job: string
  readonly data: unknown
  /** The data subject whom it is about. */
  readonly subject?: string
}

/** Action `job` with the settings `job`, its name, `data` and perhaps `subject`. */
export function jobKind(enqueue: HandOver<QueuedJob>): AnyActionKind {
  return messageKind({ kind: 'job', texts: ['job', 'subject?'], json: ['data'] }, enqueue)
}

/** A command to an aggregate. */
export interface RuleCommand {
  readonly aggregate: string
  readonly id: string
  readonly command: unknown
}

/** Action `command` with the settings `aggregate`, `id` and `command`. */
export function commandKind(execute: HandOver<RuleCommand>): AnyActionKind {
  return messageKind({ kind: 'command', texts: ['aggregate', 'id'], json: ['command'] }, execute)
}

/** A document of a search index, or none any more where it has no body. */
export interface SearchWrite {
  readonly index: string
  readonly id: string
  readonly body?: unknown
}

/** Action `search` with the settings `index`, `id` and `body`; without a body the document is deleted. */
export function searchKind(write: HandOver<SearchWrite>): AnyActionKind {
  return messageKind({ kind: 'search', texts: ['index', 'id'], json: ['body?'] }, write)
}

/** A value of a cache to be set, where it has a tag with that; or what is to be forgotten: a key without a value, a tag. */
export interface CacheChange {
  readonly key?: string
  readonly tag?: string
  readonly value?: unknown
  /** The data subject whom the value is about. */
  readonly subject?: string
}

/** Action `cache` with the settings `key`, `value` and perhaps `tag` and `subject`; `key` alone; or `tag` alone. */
export function cacheKind(change: HandOver<CacheChange>): AnyActionKind {
  return messageKind({ kind: 'cache', texts: ['key?', 'tag?', 'subject?'], json: ['value?'] }, change)
}

/** A statement with its parameters: values of an event are never part of its text. */
export interface SqlCall {
  readonly statement: string
  readonly values: readonly unknown[]
}

/**
 * Action `sql` with the settings `statement`, which is fixed text, and `values`, a list. With `inLedger: true` the statement
 * runs in the transaction of the ledger that records the delivery: both happen, or neither. Without it the function runs it,
 * with the idempotency key as one more value.
 */
export function sqlKind(run: HandOver<SqlCall>): AnyActionKind {
  return defineActionKind<SqlCall>({
    kind: 'sql',
    prepare: (settings) => {
      const { statement, values, inLedger } = readSqlCall(settings)
      return {
        destination: 'sql',
        render: (input) => ({
          statement,
          values: ((values?.render(input) ?? []) as readonly unknown[]).map(parameterOf),
        }),
        send: async (call, attempt) => {
          if (inLedger) return { writes: [call] }
          return await run({ ...call, values: [...call.values, attempt.idempotencyKey] }, attempt)
        },
      }
    },
  })
}

/** Lists and objects are bound as JSON, on every driver. */
function parameterOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : value
}

function readSqlCall(settings: ActionSettings): {
  readonly statement: string
  readonly values: JsonTemplate | undefined
  readonly inLedger: boolean
} {
  const statement = settings.required('statement')
  const inLedger = settings.flag('inLedger') ?? false
  if (statement.includes('{{'))
    settings.problem('statement', 'must be fixed text: values are bound by $1, $2, ...')
  const given = settings.value('values')
  if (!Array.isArray(given)) settings.problem('values', 'must be a list')
  const key = `$${Array.isArray(given) ? given.length + 1 : 1}`
  if (!inLedger && !new RegExp(`\\${key}(?!\\d)`).test(statement))
    settings.problem(
      'statement',
      `must take the idempotency key, which is bound as ${key}, so that a repeat can be told; or set inLedger`,
    )
  return { statement, values: settings.json('values'), inLedger }
}
