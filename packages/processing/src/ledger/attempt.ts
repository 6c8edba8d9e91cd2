import { failpoint } from '@millrace/contracts'
import type { StoredEvent } from '@millrace/contracts'

import { ActionError } from '../action/action-error.ts'
import type { ActionFailureKind } from '../action/action-error.ts'
import type { Action } from '../action/define-action.ts'
import { until } from '../clock/until.ts'
import { workOn } from '../errors/withheld.ts'
import type { RuntimeScope } from '../runtime/runtime-scope.ts'
import { findRecord } from './find-record.ts'
import type { FoundRecord, RecordLookup } from './find-record.ts'
import type { Job } from './job.ts'

/** How one attempt ended. */
export type AttemptEnd =
  | { readonly kind: 'delivered'; readonly statusCode: number | undefined }
  | { readonly kind: 'failed'; readonly failure: AttemptFailure; readonly stored: StoredEvent }
  | { readonly kind: 'gone'; readonly reason: string }
  /** Its record could not be read just now: nothing was tried. */
  | { readonly kind: 'not-tried'; readonly error: string }

/** What is known of a failed attempt. */
export interface AttemptFailure {
  readonly kind: ActionFailureKind
  /** Redacted. */
  readonly error: string
  readonly statusCode?: number | undefined
  readonly retryAfterMs?: number | undefined
}

function failureOf(error: unknown, scope: RuntimeScope): AttemptFailure {
  const text = scope.errorText(error)
  if (!(error instanceof ActionError)) return { kind: 'transient', error: text }
  const { kind, statusCode, retryAfterMs } = error
  return { kind, error: text, statusCode, retryAfterMs }
}

async function send(
  action: Action,
  job: Job,
  at: { found: FoundRecord; signal: AbortSignal },
): Promise<AttemptEnd> {
  await failpoint('action:before-send')
  const { envelope } = at.found
  const { signal } = at
  const receipt = await workOn([at.found], () =>
    action.execute({ envelope, idempotencyKey: job.id, attempt: job.attempt, signal }),
  )
  await failpoint('action:after-send')
  return { kind: 'delivered', statusCode: receipt?.statusCode }
}

function unfound(lookup: Exclude<RecordLookup, { kind: 'found' }>): AttemptEnd {
  if (lookup.kind === 'gone') return lookup
  if (lookup.kind === 'unavailable') return { kind: 'not-tried', error: lookup.error }
  return { kind: 'failed', failure: { kind: 'permanent', error: lookup.error }, stored: lookup.stored }
}

/**
 * Makes one attempt under the action's time-out. An action that does not heed its signal is left behind at the
 * time-out: its slot is free again although it may still be at work.
 * @throws the reason of `over` when the tenure ended first: the outcome is unknown then
 */
export async function makeAttempt(
  scope: RuntimeScope,
  action: Action,
  job: Job,
  over: AbortSignal,
): Promise<AttemptEnd> {
  over.throwIfAborted()
  const lookup: RecordLookup =
    job.found === undefined ? await until(findRecord(scope, job), over) : { kind: 'found', found: job.found }
  if (lookup.kind !== 'found') return unfound(lookup)
  over.throwIfAborted()
  const ending = new AbortController()
  const onOver = (): void => ending.abort(over.reason)
  over.addEventListener('abort', onOver, { once: true })
  const late = new ActionError(`timed out after ${action.timeoutMs} ms`, { kind: 'transient' })
  const timer = setTimeout(() => ending.abort(late), action.timeoutMs)
  try {
    return await until(send(action, job, { found: lookup.found, signal: ending.signal }), ending.signal)
  } catch (error) {
    over.throwIfAborted()
    // What an action throws because of our own signal is the time-out, whatever it looks like.
    const cause = ending.signal.aborted ? late : error
    return { kind: 'failed', failure: failureOf(cause, scope), stored: lookup.found.stored }
  } finally {
    clearTimeout(timer)
    over.removeEventListener('abort', onOver)
  }
}
