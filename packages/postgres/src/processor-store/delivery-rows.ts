import type { Attempt, Delivery, DeliveryState, Position } from '@millrace/contracts'

import { boundedText } from './texts.ts'

/** Where something lies, as columns. */
export interface PositionRow {
  readonly generation: string
  readonly position_commit: number
  readonly position_index: number
}

/** A delivery as columns, the same from every table it may lie in. */
export interface DeliveryRow extends PositionRow {
  readonly id: string
  readonly seq: number
  readonly processor: string
  readonly partition: number
  readonly action: string
  readonly record_id: string
  readonly key: string
  readonly state: DeliveryState
  readonly in_flight: boolean
  readonly attempts: string
  readonly attempts_left: number
  readonly opened_at: Date
  readonly next_attempt_at: Date | null
  readonly ended_at: Date | null
}

/** What the open, ended and dead deliveries' tables have in common. */
export const deliveryColumns: string = `id, seq, processor, partition, epoch, action, record_id, generation,
  position_commit, position_index, key, attempts_left, opened_at`

interface StoredAttempt {
  readonly number: number
  readonly startedAt: string
  readonly durationMs?: number
  readonly outcome: Attempt['outcome']
  readonly statusCode?: number
  readonly error?: string
}

export function toPosition(row: PositionRow): Position {
  return { generation: row.generation, commit: row.position_commit, index: row.position_index }
}

/** An attempt as the JSON object it is stored as. */
export function attemptJson({ startedAt, error, ...rest }: Attempt): StoredAttempt {
  return {
    ...(rest as Omit<StoredAttempt, 'startedAt' | 'error'>),
    startedAt: startedAt.toISOString(),
    ...(error === undefined ? {} : { error: boundedText(error) }),
  }
}

export function toAttempts(json: string): readonly Attempt[] {
  return (JSON.parse(json) as readonly StoredAttempt[]).map(toAttempt)
}

function toAttempt({ startedAt, durationMs, ...rest }: StoredAttempt): Attempt {
  return { ...rest, startedAt: new Date(startedAt), durationMs }
}

export function toDelivery(row: DeliveryRow): Delivery {
  return {
    id: row.id,
    processor: row.processor,
    partition: row.partition,
    action: row.action,
    recordId: row.record_id,
    position: toPosition(row),
    key: row.key,
    state: row.state,
    inFlight: row.in_flight,
    attempts: toAttempts(row.attempts),
    attemptsLeft: row.attempts_left,
    openedAt: row.opened_at,
    nextAttemptAt: row.next_attempt_at ?? undefined,
    endedAt: row.ended_at ?? undefined,
  }
}
