import type { Envelope, EventMetadata } from '@millrace/contracts'
import { formatPosition } from '@millrace/contracts'

/** An event beside its data, as rules see it. */
export interface RuleEvent {
  readonly id: string
  readonly stream: string
  readonly type: string
  readonly version: number
  readonly position: string
  readonly occurredAt: Date
  readonly recordedAt: Date
  readonly tenant?: string
  readonly correlationId?: string
  readonly causationId?: string
  readonly tags: readonly string[]
}

/** What happened to a row. */
export type RowOperation = 'insert' | 'update' | 'delete' | 'truncate' | 'rekey'

/** What a rule is about: one event, or one change of a row. */
export interface RuleInput<Data = unknown, Row = unknown> {
  readonly event: RuleEvent
  readonly data: Data
  readonly metadata: EventMetadata
  /** What the observer's look-ups found, by name; null for what was not found. */
  readonly lookup: Readonly<Record<string, unknown>>
  /** Of changes of rows only; null where there was no row before. */
  readonly old?: Row | null
  /** Of changes of rows only; null where there is no row any more. */
  readonly new?: Row | null
  readonly operation?: RowOperation
  readonly table?: string
  readonly key?: unknown
}

const operations: Readonly<Record<string, RowOperation>> = {
  inserted: 'insert',
  updated: 'update',
  deleted: 'delete',
  truncated: 'truncate',
  rekeyed: 'rekey',
}

/** The event type under which a change of a table's row is recorded. */
export function changeType(table: string, operation: RowOperation): string {
  const name = Object.entries(operations).find(([, each]) => each === operation)?.[0] ?? operation
  return `${table}.${name}`
}

export const rowOperations: readonly RowOperation[] = Object.values(operations)

function eventOf(envelope: Envelope): RuleEvent {
  const { metadata } = envelope
  const { tenant, correlationId, causationId } = metadata
  return {
    id: envelope.id,
    stream: envelope.streamId,
    type: envelope.type,
    version: Number(envelope.version),
    position: formatPosition(envelope.position),
    occurredAt: envelope.occurredAt,
    recordedAt: envelope.recordedAt,
    ...(tenant === undefined ? {} : { tenant }),
    ...(correlationId === undefined ? {} : { correlationId }),
    ...(causationId === undefined ? {} : { causationId }),
    tags: envelope.tags,
  }
}

function fieldsOf(data: unknown): Readonly<Record<string, unknown>> {
  return typeof data === 'object' && data !== null ? (data as Readonly<Record<string, unknown>>) : {}
}

const noLookups: Readonly<Record<string, unknown>> = Object.freeze({})

/** Of envelopes as long as somebody has them: many rules judge the same. */
const known = { changes: new WeakMap<Envelope, RuleInput>(), events: new WeakMap<Envelope, RuleInput>() }

/** An envelope as rules see it. @param isChange whether it is the change of a row */
export function ruleInput(envelope: Envelope, isChange: boolean): RuleInput {
  const inputs = isChange ? known.changes : known.events
  const before = inputs.get(envelope)
  if (before !== undefined) return before
  const input = Object.freeze(inputOf(envelope, isChange))
  inputs.set(envelope, input)
  return input
}

function inputOf(envelope: Envelope, isChange: boolean): RuleInput {
  const { data, metadata } = envelope
  const input = { event: Object.freeze(eventOf(envelope)), data, metadata, lookup: noLookups }
  if (!isChange) return input
  const change = fieldsOf(data)
  const [table = ''] = envelope.type.split(/\.(?=[^.]*$)/)
  const operation = operations[envelope.type.slice(table.length + 1)]
  return {
    ...input,
    table,
    ...(operation === undefined ? {} : { operation }),
    key: change['key'],
    old: change['old'] ?? null,
    new: change['new'] ?? null,
  }
}
