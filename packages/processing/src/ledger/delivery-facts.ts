import type { AttemptResult, DeliveryVerdict, Lease } from '@millrace/contracts'

import type { DeliveryChange, DeliveryChanged } from '../runtime/facts.ts'
import type { Job } from './job.ts'

const changes: Readonly<Record<DeliveryVerdict['kind'], DeliveryChange>> = {
  delivered: 'delivered',
  retry: 'retrying',
  defer: 'deferred',
  dead: 'dead',
  cancelled: 'cancelled',
}

type Subject = Pick<Job, 'id' | 'action' | 'recordId'>

/** The fact that a delivery changed without an attempt having ended. */
export function deliveryFact(
  lease: Lease,
  subject: Subject,
  change: { readonly change: DeliveryChange; readonly attempt?: number; readonly error?: string },
): DeliveryChanged {
  const { processor, partition } = lease
  const { id, action, recordId } = subject
  return {
    kind: 'delivery-changed',
    processor,
    partition,
    id,
    action,
    recordId,
    change: change.change,
    attempt: change.attempt,
    error: change.error,
  }
}

/** The fact that an attempt ended. */
export function attemptFact(lease: Lease, job: Job, { attempt, verdict }: AttemptResult): DeliveryChanged {
  const { error } = attempt
  const change = { change: changes[verdict.kind], attempt: attempt.number }
  return deliveryFact(lease, job, error === undefined ? change : { ...change, error })
}
