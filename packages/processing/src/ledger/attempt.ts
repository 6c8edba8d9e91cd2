import { failpoint } from '@millrace/contracts'
import type { StateWrite, StoredEvent } from '@millrace/contracts'

import { ActionError } from '../action/action-error.ts'
import type { ActionFailureKind } from '../action/action-error.ts'
import type { Action } from '../action/define-action.ts'
import { until } from '../clock/until.ts'
import { thrownAbout, workOn } from '../errors/withheld.ts'
import type { RuntimeScope } from '../runtime/runtime-scope.ts'
import { findRecord } from './find-record.ts'
import type { FoundRecord, RecordLookup } from './find-record.ts'
import type { Job } from './job.ts'
import { freshMs } from './recent-records.ts'

/** How one attempt ended. */
export type AttemptEnd =
  | {
      readonly kind: 'delivered'
      readonly statusCode: number | undefined
      readonly writes: readonly StateWrite[]
      readonly stored: StoredEvent
    }
  | { readonly kind: 'failed'; readonly failure: AttemptFailure; readonly stored: StoredEvent }
  | { readonly kind: 'gone'; readonly reason: string }
  /** Its record could not be read just now, or its turn did not come: nothing was tried. */
  | { readonly kind: 'not-tried'; readonly error: string; readonly delayMs?: number }

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
  const { statusCode, writes = [] } = receipt ?? {}
  return { kind: 'delivered', statusCode, writes, stored: at.found.stored }
}

function unfound(lookup: Exclude<RecordLookup, { kind: 'found' }>): AttemptEnd {
  if (lookup.kind === 'gone') return lookup
  if (lookup.kind === 'unavailable') return { kind: 'not-tried', error: lookup.error }
  return { kind: 'failed', failure: { kind: 'permanent', error: lookup.error }, stored: lookup.stored }
}

/** Its record, unless it was read too long ago. */
function recordAtHand({ clock }: RuntimeScope, { recent }: Job): FoundRecord | undefined {
  return recent !== undefined && clock.monotonic() - recent.readAt <= freshMs ? recent.found : undefined
}

/** The end of an attempt whose writes were refused in the transaction that was to record it. */
export function refusedEnd(
  { stored }: Extract<AttemptEnd, { kind: 'delivered' }>,
  error: unknown,
  scope: RuntimeScope,
): AttemptEnd {
  return { kind: 'failed', failure: failureOf(thrownAbout([stored], error), scope), stored }
}

function lateError({ timeoutMs }: Action): ActionError {
  return new ActionError(`timed out after ${timeoutMs} ms`, { kind: 'transient' })
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
  const atHand = recordAtHand(scope, job)
  const lookup: RecordLookup =
    atHand === undefined ? await until(findRecord(scope, job), over) : { kind: 'found', found: atHand }
  if (lookup.kind !== 'found') return unfound(lookup)
  over.throwIfAborted()
  const ending = new AbortController()
  const onOver = (): void => ending.abort(over.reason)
  over.addEventListener('abort', onOver, { once: true })
  const timer = setTimeout(() => ending.abort(lateError(action)), action.timeoutMs)
  try {
    return await until(send(action, job, { found: lookup.found, signal: ending.signal }), ending.signal)
  } catch (error) {
    over.throwIfAborted()
    // What an action throws because of our own signal is the time-out, whatever it looks like.
    const cause: unknown = ending.signal.aborted ? ending.signal.reason : error
    return { kind: 'failed', failure: failureOf(cause, scope), stored: lookup.found.stored }
  } finally {
    clearTimeout(timer)
    over.removeEventListener('abort', onOver)
  }
}
