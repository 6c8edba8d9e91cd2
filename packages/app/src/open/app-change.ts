import { formatPosition } from '@millrace/contracts'
import type { DeliveryChanged, ProcessingFact } from '@millrace/processing'

/** A delivery changed, durably. */
export interface DeliveryNews {
  readonly kind: 'delivery'
  readonly id: string
  readonly processor: string
  readonly partition: number
  readonly action: string
  readonly recordId: string
  readonly change: DeliveryChanged['change']
  readonly attempt: number | null
  readonly error: string | null
}

/** A processor moved on, changed its state, set a record aside or met a problem. */
export interface ProcessorNews {
  readonly kind: 'processor'
  readonly name: string
  readonly partition: number
  readonly change:
    | 'advanced'
    | 'state'
    | 'parked'
    | 'unparked'
    | 'skipped'
    | 'attempts-unknown'
    | 'write-refused'
    | 'problem'
  /** The new checkpoint, the new state, the record's id or the error, by `change`. */
  readonly detail: string
}

/** Something changed in this process, as plain JSON; a hint to look again. */
export type AppChange = DeliveryNews | ProcessorNews

function deliveryNews(fact: DeliveryChanged): DeliveryNews {
  const { processor, partition, id, action, recordId, change, attempt, error } = fact
  return {
    kind: 'delivery',
    id,
    processor,
    partition,
    action,
    recordId,
    change,
    attempt: attempt ?? null,
    error: error ?? null,
  }
}

/** A fact of the runtime as plain JSON. */
export function toAppChange(fact: ProcessingFact): AppChange {
  const news = (change: ProcessorNews['change'], detail: string): ProcessorNews => ({
    kind: 'processor',
    name: fact.processor,
    partition: fact.partition,
    change,
    detail,
  })
  switch (fact.kind) {
    case 'delivery-changed':
      return deliveryNews(fact)
    case 'processor-advanced':
      return news('advanced', formatPosition(fact.checkpoint))
    case 'partition-changed':
      return news('state', fact.state)
    case 'record-parked':
      return news('parked', fact.recordId)
    case 'record-unparked':
      return news('unparked', fact.recordId)
    case 'record-skipped':
      return news('skipped', fact.recordId)
    case 'attempts-unknown':
      return news('attempts-unknown', String(fact.count))
    case 'write-refused':
      return news('write-refused', String(fact.epoch))
    default:
      return news('problem', fact.error)
  }
}
