import type { Attempt, Delivery, NewDelivery } from '@millrace/contracts'
import type { Position } from '@millrace/contracts'

import type { RecentRecord } from './recent-records.ts'

/** A delivery this process is about to try. */
export interface Job {
  readonly id: string
  readonly action: string
  readonly recordId: string
  readonly position: Position
  /** Number of the attempt to make. */
  readonly attempt: number
  /** Attempts that may be made, this one included. */
  readonly attemptsLeft: number
  /** Epoch milliseconds. */
  readonly openedAt: number
  /** Its record, where it is at hand. */
  readonly recent: RecentRecord | undefined
}

function lastNumber(attempts: readonly Attempt[]): number {
  return attempts.reduce((highest, { number }) => Math.max(highest, number), 0)
}

/** A delivery the store returned as due. */
export function jobOf(delivery: Delivery, recent: RecentRecord | undefined): Job {
  const { id, action, recordId, position, attempts, openedAt } = delivery
  return {
    id,
    action,
    recordId,
    position,
    attempt: lastNumber(attempts) + 1,
    attemptsLeft: Math.max(1, delivery.attemptsLeft),
    openedAt: openedAt.getTime(),
    recent,
  }
}

/** A delivery that was opened a moment ago, with its record at hand. */
export function freshJob(delivery: NewDelivery, recent: RecentRecord, openedAt: number): Job {
  const { id, action, recordId, position, maxAttempts } = delivery
  return { id, action, recordId, position, attempt: 1, attemptsLeft: maxAttempts, openedAt, recent }
}
