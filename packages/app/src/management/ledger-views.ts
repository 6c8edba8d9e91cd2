import { formatPosition } from '@millrace/contracts'
import type {
  Attempt,
  DeadLetter,
  Delivery,
  OperatorAction,
  ParkedRecord,
  RecordCopy,
} from '@millrace/contracts'

import { rawData } from './event-view.ts'
import type { AttemptView, DeadLetterView, DeliveryView, OperatorActionView, RecordView } from './views.ts'

function attemptView(attempt: Attempt): AttemptView {
  return {
    number: attempt.number,
    startedAt: attempt.startedAt.toISOString(),
    durationMs: attempt.durationMs ?? null,
    outcome: attempt.outcome,
    statusCode: attempt.statusCode ?? null,
    error: attempt.error ?? null,
  }
}

/** A delivery as JSON. */
export function deliveryView(delivery: Delivery): DeliveryView {
  return {
    id: delivery.id,
    processor: delivery.processor,
    partition: delivery.partition,
    action: delivery.action,
    recordId: delivery.recordId,
    position: formatPosition(delivery.position),
    key: delivery.key,
    state: delivery.state,
    inFlight: delivery.inFlight,
    attempts: delivery.attempts.map(attemptView),
    attemptsLeft: delivery.attemptsLeft,
    openedAt: delivery.openedAt.toISOString(),
    nextAttemptAt: delivery.nextAttemptAt?.toISOString() ?? null,
    endedAt: delivery.endedAt?.toISOString() ?? null,
  }
}

function recordView(record: RecordCopy): RecordView {
  return {
    description: record.description,
    contentType: record.contentType,
    data: rawData(record.contentType, record.payload),
    subject: record.subject ?? null,
  }
}

function actionView({ action, by, at }: OperatorAction): OperatorActionView {
  return { action, by, at: at.toISOString() }
}

/** A dead letter or parked record as JSON. */
export function deadLetterView(item: DeadLetter | ParkedRecord): DeadLetterView {
  const common = {
    id: item.id,
    processor: item.processor,
    partition: item.partition,
    recordId: item.recordId,
    position: formatPosition(item.position),
    reason: item.reason,
    setAsideAt: item.setAsideAt.toISOString(),
    record: item.record === undefined ? null : recordView(item.record),
    history: item.history.map(actionView),
  }
  if (item.kind === 'parked')
    return {
      kind: 'parked',
      ...common,
      action: null,
      attempts: [],
      tries: item.tries,
      retryRequested: item.retryRequested,
    }
  const attempts = item.attempts.map(attemptView)
  return {
    kind: 'delivery',
    ...common,
    action: item.action,
    attempts,
    tries: attempts.length,
    retryRequested: false,
  }
}
