import type { StandardSchemaV1 } from '@standard-schema/spec'

import type { Envelope } from '../envelope/envelope.ts'
import { InvalidValueError, UnknownEventVersionError } from '../errors/value-errors.ts'
import { validateData } from '../events/run-schema.ts'
import { isSchema } from '../events/schema.ts'
import type { Schema } from '../events/schema.ts'
import { isCategory } from '../ids/stream-id.ts'
import type { RowChange, RowOperation } from './row-change.ts'

const operations: readonly RowOperation[] = ['inserted', 'updated', 'deleted', 'truncated', 'rekeyed']

type EnvelopeFor<Table extends string, Change> = Change extends {
  readonly operation: infer Operation extends string
}
  ? Envelope<`${Table}.${Operation}`, Change>
  : never

/** Any change of a table, decoded; `type` and `data.operation` tell which. */
export type RowChangeEnvelope<Table extends string, Row> = EnvelopeFor<Table, RowChange<Row>>

/** The changes of one captured table. */
export interface RowChanges<Table extends string, Row> {
  readonly table: Table
  /** Of a row. */
  readonly schema: Schema<unknown, Row>
  /** The record types, for a filter. */
  readonly types: readonly `${Table}.${RowOperation}`[]
  /** True for a change of this table; its rows are not looked at. A change that was erased is none any more. */
  has(envelope: Envelope): boolean
  /**
   * The same envelope with validated rows.
   * @throws {@link UnknownEventVersionError} for anything but a change of this table
   * @throws {@link EventSerializationError} when a row breaks the schema
   */
  parse(envelope: Envelope): RowChangeEnvelope<Table, Row>
}

/**
 * Types the changes of a captured table by a schema of its rows: any synchronous Standard Schema. Rows hold what JSON
 * holds, with `bigint` and `numeric` as text; a schema may turn them into what it likes.
 *
 * @throws {@link InvalidValueError} for a name no capture can have, or no schema
 */
export function defineRowChanges<const Table extends string, S extends Schema>(
  table: Table,
  row: S,
): RowChanges<Table, StandardSchemaV1.InferOutput<S>> {
  type Row = StandardSchemaV1.InferOutput<S>
  if (!isCategory(table))
    throw new InvalidValueError(
      'table',
      'what the log calls a captured table: [a-z][a-z0-9_]*, at most 63 bytes',
    )
  if (!isSchema(row))
    throw new InvalidValueError(`rows of ${table}: schema`, 'a Standard Schema (https://standardschema.dev)')
  const types = operations.map((operation) => `${table}.${operation}` as const)
  const has = (envelope: Envelope): boolean => types.includes(envelope.type as (typeof types)[number])
  const parse = (envelope: Envelope): RowChangeEnvelope<Table, Row> => {
    if (!has(envelope)) throw new UnknownEventVersionError(envelope.type, envelope.schemaVersion)
    const data = envelope.data as RowChange<unknown>
    const rowOf = (side: 'old' | 'new'): unknown =>
      data[side] === null ? null : validateData(envelope.type, row, [`data.${side}`, data[side]])
    return { ...envelope, data: { ...data, old: rowOf('old'), new: rowOf('new') } } as RowChangeEnvelope<
      Table,
      Row
    >
  }
  return Object.freeze({
    table,
    schema: row,
    types: Object.freeze(types),
    has,
    parse,
  })
}
