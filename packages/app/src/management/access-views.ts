import { InvalidValueError } from '@millrace/contracts'
import type { AccessLog } from '@millrace/contracts'

import type { Settings } from '../settings/settings.ts'
import { checkActor, checkLimit, checkText, parseInstant } from './arguments.ts'

/** Narrowing of {@link Management.accessLog}. */
export interface AccessQuery {
  readonly actor?: string
  /** What it was done to: a stream, a processor, a data subject. */
  readonly target?: string
  /** Earliest time: an ISO 8601 date or date-time, inclusive. */
  readonly since?: string
  /** The previous page's `next`. */
  readonly cursor?: string
  /** 1 to 1000. @defaultValue 100 */
  readonly limit?: number
}

/** Something that was done or refused, as JSON. */
export interface AccessView {
  readonly at: string
  readonly actor: string
  readonly role: 'read' | 'write' | 'replay' | 'operate'
  readonly action: string
  readonly target: string | null
  readonly outcome: 'allowed' | 'denied'
}

/** A page of the access log, newest first. */
export interface AccessPage {
  readonly entries: readonly AccessView[]
  readonly next: string | null
}

/** What was pruned. */
export interface AccessPruneView {
  readonly removed: number
  readonly before: string
}

const dayMs = 86_400_000

/** Undefined where nothing is recorded. */
export async function listAccess(
  log: AccessLog | undefined,
  { actor, target, since, cursor, limit }: AccessQuery,
): Promise<AccessPage | undefined> {
  checkText('actor', actor)
  checkText('target', target)
  const page = await log?.list({
    limit: checkLimit(limit),
    ...(actor === undefined ? {} : { actor }),
    ...(target === undefined ? {} : { target }),
    ...(since === undefined ? {} : { since: parseInstant('since', since) }),
    ...(cursor === undefined ? {} : { cursor }),
  })
  if (page === undefined) return undefined
  const entries = page.items.map(({ at, target: to, ...entry }) => ({
    ...entry,
    at: at.toISOString(),
    target: to ?? null,
  }))
  return { entries, next: page.next ?? null }
}

/** What is older than the settings keep; undefined where nothing is recorded. Nobody prunes what is younger. */
export async function pruneAccess(
  log: AccessLog | undefined,
  { accessLogRetentionDays }: Pick<Settings, 'accessLogRetentionDays'>,
  by: string,
): Promise<AccessPruneView | undefined> {
  checkActor(by)
  const { value: days, variable } = accessLogRetentionDays
  if (log === undefined) return undefined
  if (days === 0) throw new InvalidValueError(variable, 'above 0: entries are kept for ever')
  const before = new Date(Date.now() - days * dayMs)
  return { removed: await log.prune({ before, by }), before: before.toISOString() }
}
