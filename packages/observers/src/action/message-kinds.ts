import type { ActionReceipt } from '@millrace/processing'

import type { JsonTemplate, Template } from '../template/compile-template.ts'
import { defineActionKind } from './action-kind.ts'
import type { ActionAttempt, AnyActionKind } from './action-kind.ts'

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
}

/** Action `job` with the settings `job`, its name, and `data`. */
export function jobKind(enqueue: HandOver<QueuedJob>): AnyActionKind {
  return messageKind({ kind: 'job', texts: ['job'], json: ['data'] }, enqueue)
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

/** A value of a cache to be set, or what is to be forgotten: a key without a value, a tag. */
export interface CacheChange {
  readonly key?: string
  readonly tag?: string
  readonly value?: unknown
}

/** Action `cache` with the settings `key` and `value`, `key` alone, or `tag`. */
export function cacheKind(change: HandOver<CacheChange>): AnyActionKind {
  return messageKind({ kind: 'cache', texts: ['key?', 'tag?'], json: ['value?'] }, change)
}

/** A statement with its parameters: values of an event are never part of its text. */
export interface SqlCall {
  readonly statement: string
  readonly values: readonly unknown[]
}

/** Action `sql` with the settings `statement`, which is fixed text, and `values`, a list. */
export function sqlKind(run: HandOver<SqlCall>): AnyActionKind {
  return defineActionKind<SqlCall>({
    kind: 'sql',
    prepare: (settings) => {
      const statement = settings.required('statement')
      if (statement.includes('{{'))
        settings.problem('statement', 'must be fixed text: values are bound by $1, $2, ...')
      if (!Array.isArray(settings.value('values'))) settings.problem('values', 'must be a list')
      const values = settings.json('values')
      return {
        destination: 'sql',
        render: (input) => ({ statement, values: (values?.render(input) ?? []) as readonly unknown[] }),
        send: async (call, attempt) => await run(call, attempt),
      }
    },
  })
}
