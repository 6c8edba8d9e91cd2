import type { Envelope } from '@millrace/contracts'

import { isRecord, textAt, wholeNumberAt } from '../intake/json.ts'
import type { JsonObject } from '../intake/json.ts'

/** What is shown first of what was found. */
const titles: readonly (readonly string[])[] = [
  ['issue', 'title'],
  ['pull_request', 'title'],
  ['discussion', 'title'],
  ['release', 'name'],
  ['milestone', 'title'],
  ['alert', 'rule', 'description'],
  ['security_advisory', 'summary'],
  ['head_commit', 'message'],
  ['repository', 'full_name'],
]

/** What people wrote. */
const texts: readonly (readonly string[])[] = [
  ['issue', 'body'],
  ['pull_request', 'body'],
  ['discussion', 'body'],
  ['comment', 'body'],
  ['review', 'body'],
  ['release', 'tag_name'],
  ['release', 'body'],
  ['milestone', 'description'],
  ['label', 'name'],
  ['repository', 'description'],
  ['security_advisory', 'description'],
]

const maxTextCharacters = 100_000
const maxKeywordCharacters = 250

/** As every search engine keeps it: well-formed, without NUL. */
function plain(text: string, max: number): string {
  return text.slice(0, max).toWellFormed().replaceAll('\0', ' ')
}

function keyword(text: string): string {
  return plain(text, maxKeywordCharacters)
}

function commitMessages(data: JsonObject): readonly string[] {
  const commits = data['commits']
  if (!Array.isArray(commits)) return []
  return commits.flatMap((commit) => textAt(commit, 'message') ?? [])
}

function found(data: JsonObject, paths: readonly (readonly string[])[]): readonly string[] {
  return paths.flatMap((path) => textAt(data, ...path) ?? [])
}

/** A document of the index of events. */
export interface EventDocument {
  readonly title: string
  readonly text: string
  readonly kind: string
  readonly type: string
  readonly repository: string
  readonly actor?: string
  readonly issue?: number
  readonly at: Date
}

/** What is searched of an event; each event is a document of its own, so that nothing of the history is written over. Pure. */
export function eventDocument({ type, data, streamId, occurredAt }: Envelope): EventDocument {
  const payload = isRecord(data) ? data : {}
  const actor = textAt(payload, 'sender', 'login')
  const issue = wholeNumberAt(payload, 'issue', 'number')
  const text = [...found(payload, texts), ...commitMessages(payload)].join('\n')
  return {
    title: plain(found(payload, titles)[0] ?? type, maxTextCharacters),
    text: plain(text, maxTextCharacters),
    kind: keyword(type.split('.', 1)[0] ?? type),
    type: keyword(type),
    repository: keyword(streamId.slice(streamId.indexOf('-') + 1)),
    ...(actor === undefined ? {} : { actor: keyword(actor) }),
    ...(issue === undefined ? {} : { issue }),
    at: occurredAt,
  }
}
