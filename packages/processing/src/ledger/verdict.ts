import type { Attempt, DeliveryVerdict } from '@millrace/contracts'

import type { Action } from '../action/define-action.ts'
import { deferralMs, retryDelayMs } from '../retry/retry-policy.ts'
import type { AttemptEnd, AttemptFailure } from './attempt.ts'
import type { Job } from './job.ts'
import { copyOf } from './record-copy.ts'

/** When an attempt was made. */
export interface AttemptTimes {
  /** Epoch milliseconds. */
  readonly startedAt: number
  readonly durationMs: number
}

/** Nobody may ask to be left alone for longer. */
const longestRetryAfterMs = 86_400_000
const notTriedMs = 1_000

function told(end: AttemptEnd): Pick<Attempt, 'outcome' | 'statusCode' | 'error'> {
  if (end.kind === 'gone') return { outcome: 'failed', error: end.reason }
  if (end.kind === 'not-tried') return { outcome: 'failed', error: end.error }
  const { statusCode } = end.kind === 'failed' ? end.failure : end
  const code = statusCode === undefined ? {} : { statusCode }
  return end.kind === 'failed'
    ? { outcome: 'failed', error: end.failure.error, ...code }
    : { outcome: 'delivered', ...code }
}

/** The attempt as it is kept. */
export function attemptRecord(job: Job, end: AttemptEnd, times: AttemptTimes): Attempt {
  return {
    number: job.attempt,
    startedAt: new Date(times.startedAt),
    durationMs: Math.max(0, Math.round(times.durationMs)),
    ...told(end),
  }
}

/** An action's own reading of a header may come to nothing; a delay no store takes would end the whole tenure. */
function askedMs({ retryAfterMs = 0 }: AttemptFailure): number {
  return Number.isNaN(retryAfterMs) ? 0 : Math.min(retryAfterMs, longestRetryAfterMs)
}

function afterTransient(
  action: Action,
  job: Job,
  failure: AttemptFailure,
  random: () => number,
): DeliveryVerdict | undefined {
  if (job.attemptsLeft <= 1) return undefined
  // The schedule starts anew for a delivery retried by hand, and `attemptsLeft` may exceed the policy's after a change.
  const failed = Math.max(1, action.retry.maxAttempts - job.attemptsLeft + 1)
  const scheduled = retryDelayMs(action.retry, failed, random)
  return { kind: 'retry', delayMs: Math.max(scheduled, askedMs(failure)) }
}

/** What becomes of a delivery after an attempt. */
export function verdictOf(
  action: Action,
  job: Job,
  end: AttemptEnd,
  at: { now: number; random: () => number },
): DeliveryVerdict {
  const ageMs = Math.max(0, at.now - job.openedAt)
  switch (end.kind) {
    case 'delivered':
      return { kind: 'delivered' }
    case 'gone':
      return { kind: 'cancelled', reason: end.reason }
    case 'not-tried':
      return { kind: 'defer', delayMs: end.delayMs ?? notTriedMs }
    case 'failed':
      break
  }
  const { failure, stored } = end
  const dead = (reason: string): DeliveryVerdict => ({ kind: 'dead', reason, record: copyOf(stored) })
  if (failure.kind === 'permanent') return dead(failure.error)
  if (failure.kind === 'transient')
    return (
      afterTransient(action, job, failure, at.random) ??
      dead(`failed ${job.attempt} times, last: ${failure.error}`)
    )
  if (failure.kind === 'deferred') return { kind: 'defer', delayMs: askedMs(failure) || notTriedMs }
  if (ageMs >= action.maxAgeMs) return dead(`could not be reached for ${ageMs} ms: ${failure.error}`)
  return { kind: 'defer', delayMs: deferralMs(action.retry, ageMs, at.random) }
}
