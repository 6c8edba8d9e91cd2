import { isEventType } from '@millrace/contracts'
import type { Schema } from '@millrace/contracts'

import { joinTypes } from '../condition/condition-type.ts'
import type { ConditionFields, ConditionType } from '../condition/condition-type.ts'
import { typeFromSchema } from '../condition/type-from-schema.ts'
import { changeType, rowOperations } from './rule-input.ts'
import type { RowOperation } from './rule-input.ts'

/** What `defineEvents` gives, as far as a rule needs it. */
export interface EventDefinitionsLike {
  readonly $: {
    readonly types: readonly string[]
    schemaOf(type: string): Schema | undefined
  }
}

/** Events of a log; those of `events` are known by their schemas. */
export interface EventSource {
  /** @defaultValue none: any type may be named, and nothing is known of its data */
  readonly events?: EventDefinitionsLike
}

/** Changes of a table's rows, from the change log. */
export interface RowSource {
  readonly table: string
  /** Of a row. @defaultValue nothing is known of its columns */
  readonly schema?: Schema
}

/** Where an observer's events come from. */
export type ObserverSource = EventSource | RowSource

export function isRowSource(source: ObserverSource): source is RowSource {
  return 'table' in source
}

const eventFields: ConditionFields = {
  id: 'string',
  stream: 'string',
  type: 'string',
  version: 'int',
  position: 'string',
  occurredAt: 'timestamp',
  recordedAt: 'timestamp',
  tenant: 'string',
  correlationId: 'string',
  causationId: 'string',
  tags: { list: 'string' },
}

const metadataFields: ConditionFields = {
  correlationId: 'string',
  causationId: 'string',
  tenant: 'string',
  actor: { fields: { kind: 'string', id: 'string' } },
  traceparent: 'string',
  custom: { map: 'dyn' },
}

/** What a rule about these events may name. */
export function variablesOf(source: ObserverSource, types: readonly string[] | undefined): ConditionFields {
  const common: ConditionFields = { event: { fields: eventFields }, metadata: { fields: metadataFields } }
  if (isRowSource(source)) {
    const row = typeFromSchema(source.schema)
    return { ...common, data: 'dyn', old: row, new: row, operation: 'string', table: 'string', key: 'dyn' }
  }
  return { ...common, data: dataType(source, types) }
}

function dataType({ events }: EventSource, types: readonly string[] | undefined): ConditionType {
  if (events === undefined) return 'dyn'
  const known = (types ?? events.$.types).map((type) => typeFromSchema(events.$.schemaOf(type)))
  return known.length === 0 ? 'dyn' : known.reduce(joinTypes)
}

/** The event types a rule is about, undefined for all; or what is wrong with how it names them. */
export function typesOf(
  source: ObserverSource,
  on: unknown,
): { readonly types: readonly string[] | undefined } | { readonly problem: string } {
  const isRows = isRowSource(source)
  const known = isRows ? rowOperations : source.events?.$.types
  if (on === undefined || on === '*') {
    if (isRows) return { types: rowOperations.map((operation) => changeType(source.table, operation)) }
    return { types: known }
  }
  const names: readonly unknown[] = Array.isArray(on) ? on : [on]
  const what = isRows ? 'operation' : 'event type'
  if (names.length === 0) return { problem: `must name an ${what}` }
  const strange = names.find((name) => typeof name !== 'string' || (!isRows && !isEventType(name)))
  if (strange !== undefined) return { problem: `${JSON.stringify(strange)} is no ${what}` }
  const texts = names.filter((name) => typeof name === 'string')
  const unknown = texts.find((name) => known !== undefined && !known.some((each) => each === name))
  if (unknown !== undefined)
    return { problem: `unknown ${what} ${unknown}; there are ${(known ?? []).join(', ')}` }
  return { types: isRows ? texts.map((name) => changeType(source.table, name as RowOperation)) : texts }
}
