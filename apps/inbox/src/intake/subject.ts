import { createStreamId } from '@millrace/contracts'
import type { StreamId } from '@millrace/contracts'

import { escapeCharacter } from './escape.ts'
import { isRecord, textAt } from './json.ts'
import type { JsonObject } from './json.ts'

/** The one category of all streams of the inbox. */
export const githubCategory = 'github'

function escape(name: string): string {
  return name.replace(/[^\w.-]/gu, (character) => escapeCharacter(character, '%'))
}

function repositoryKey(payload: JsonObject): string | undefined {
  const fullName = textAt(payload, 'repository', 'full_name')
  const [owner = '', name = '', ...more] = fullName?.split('/') ?? []
  if (owner === '' || name === '' || more.length > 0) return undefined
  return `${escape(owner)}/${escape(name)}`
}

/**
 * The stream a delivery belongs to: `github-<owner>/<name>` of its repository, else `github-org:<login>` of its
 * organisation, else `github-app`. A repository's key holds a slash, an organisation's a colon and neither stands in
 * an escaped name, so that no two subjects share a stream.
 *
 * @throws `InvalidStreamNameError` for names too long for a stream id
 */
export function streamOf(payload: JsonObject): StreamId {
  const repository = repositoryKey(payload)
  if (repository !== undefined) return createStreamId(githubCategory, repository)
  const login = textAt(payload, 'organization', 'login')
  return createStreamId(githubCategory, login === undefined || login === '' ? 'app' : `org:${escape(login)}`)
}

/** Who sent it, where the payload says so. */
export function senderOf(payload: JsonObject): string | undefined {
  const sender = payload['sender']
  return isRecord(sender) ? textAt(sender, 'login') : undefined
}
