import { inSchema } from '../sql/schema-name.ts'
import type { SchemaName } from '../sql/schema-name.ts'
import { parametersOf } from './append-parameters.ts'
import type { AppendKind, AppendParameter, AppendParameters, HeadKind } from './append-parameters.ts'
import { mixedColumns } from './event-values.ts'
import type { Shape } from './event-values.ts'

type Sql = AppendParameters['sql']

/** The database's clock in whole milliseconds, rounded down as JavaScript's is; `extract` would count in numeric, which costs ten times as much. */
export const clock = `floor(date_part('epoch', clock_timestamp()) * 1000)::bigint`

/** Changes a head that is there and still as expected; nothing where it is not. */
function changeHead(sql: Sql): string {
  return `version = h.version + ${sql.eventCount}, previous_occurred_at = h.occurred_at,
  occurred_at = greatest(h.occurred_at, ${sql.occurredAt}), updated_at = ${clock}, payload_bytes = h.payload_bytes + ${sql.payloadBytes},
  largest_payload = greatest(h.largest_payload, ${sql.largestPayload})`
}

function headIsOpen({ firstGivenAt }: Sql): string {
  return `h.tombstoned_at is null and (${firstGivenAt} is null or ${firstGivenAt} >= h.occurred_at)`
}

function newHead(sql: Sql): string {
  return `insert into :schema.streams as h (stream_id, category, version, occurred_at, previous_occurred_at,
  created_at, updated_at, payload_bytes, largest_payload) select ${sql.streamId}, ${sql.category}, ${sql.eventCount}, ${sql.occurredAt}, 0, ${clock}, ${clock}, ${sql.payloadBytes}, ${sql.largestPayload}`
}

// The transaction id is asked for here, under the head's lock and before the sequence number is drawn from its result.
const returningHead = `returning h.version, h.previous_occurred_at, pg_current_xact_id() as transaction_id`

/** The statements that take the head, unless `isNew` is false. */
const heads: Readonly<Record<HeadKind, (sql: Sql, isNew: string) => string>> = {
  any: (sql, isNew) =>
    `${newHead(sql)} where ${isNew} on conflict (stream_id) do update set ${changeHead(sql)} where ${headIsOpen(sql)} ${returningHead}`,
  'no-stream': (sql, isNew) =>
    `${newHead(sql)} where ${isNew} on conflict (stream_id) do nothing ${returningHead}`,
  exists: (sql, isNew) => `update :schema.streams as h set ${changeHead(sql)}
  where stream_id = ${sql.streamId} and (${sql.expected} is null or h.version = ${sql.expected}) and ${headIsOpen(sql)} and ${isNew} ${returningHead}`,
}

const recordSeparator = String.raw`E'\x1e'`

/** The parameters of `mixedValues`, beginning with number `from`, as rows `l`. */
export function mixedLists(from: number): string {
  return mixedColumns.map(([, type], i) => `$${from + i}::${type}[]`).join(', ')
}

function listOf(parameter: string): string {
  return `string_to_table(${parameter}, ${recordSeparator})`
}

const plainColumns = [
  'event_id',
  'type',
  'payload',
  'metadata',
  'correlation_id',
  'causation_id',
  'tenant',
  'trace_id',
]

function sharedValues({ metadata, correlationId, causationId, tenant, traceId }: Sql): string {
  return [metadata, correlationId, causationId, tenant, traceId].join(', ')
}

/** Where the events come from: columns, their expressions, and the rows `x` with an ordinal `o` from 1. */
interface EventSource {
  readonly columns: readonly string[]
  readonly expressions: string
  readonly rows: string
}

const sources: Readonly<Record<Shape, (parameters: AppendParameters) => EventSource>> = {
  one: ({ sql }) => ({
    columns: plainColumns,
    expressions: `${sql.eventIds}, ${sql.types}, ${sql.payloads}::json, ${sharedValues(sql)}`,
    rows: `(select 1 as o, ${sql.occurredAt} as occurred_at) as x`,
  }),
  many: ({ sql }) => ({
    columns: plainColumns,
    expressions: `x.event_id, x.type, x.payload::json, ${sharedValues(sql)}`,
    rows: `(select *, ${sql.occurredAt} as occurred_at from rows from (${listOf(sql.eventIds)}, ${listOf(sql.types)}, ${listOf(sql.payloads)}) with ordinality as l (event_id, type, payload, o)) as x`,
  }),
  mixed: ({ sql, next }) => ({
    columns: mixedColumns.map(([name]) => name),
    expressions: mixedExpressions(),
    rows: mixedRows(next, sql),
  }),
}

/** The columns of `mixedColumns` from rows `x`. */
export function mixedExpressions(): string {
  const conversions: Readonly<Record<string, string>> = { payload: '::json', metadata: '::json' }
  return mixedColumns
    .map(([name]) =>
      name === 'tags' ? `string_to_array(x.tags, ' ')` : `x.${name}${conversions[name] ?? ''}`,
    )
    .join(', ')
}

function mixedRows(from: number, { occurredAt }: Sql): string {
  const times = `$${from + mixedColumns.length}::bigint[]`
  const names = [...mixedColumns.map(([name]) => name), 'given_at', 'o'].join(', ')
  return `(select *, coalesce(given_at, ${occurredAt}) as occurred_at from unnest(${mixedLists(from)}, ${times}) with ordinality as l (${names})) as x`
}

function insertCommit({ commitId, fingerprint, eventCount, payloadBytes, streamId }: Sql): string {
  return `insert into :schema.commits (seq, commit_id, fingerprint, recorded_at, event_count, payload_bytes, stream_ids, versions, last_indexes)
  select nextval(':schema.commit_seq'), ${commitId}, ${fingerprint}, ${clock}, ${eventCount}, ${payloadBytes}, array[${streamId}], array[head.version], array[${eventCount} - 1]
  from head returning seq, recorded_at`
}

function insertForeignId({ foreignSource, foreignId }: Sql): string {
  return `insert into :schema.foreign_ids (source, id, commit_seq) select ${foreignSource}, ${foreignId}, seq from recorded`
}

function insertEvents({ eventCount, bucket, streamId, commitId }: Sql, source: EventSource): string {
  const { columns, expressions, rows } = source
  const version = columns.includes('schema_version') ? '' : 'schema_version, '
  return `insert into :schema.events (commit_seq, version, occurred_at, recorded_at, commit_index, bucket, stream_id, commit_id, ${version}${columns.join(', ')})
  select recorded.seq, head.version - ${eventCount} + x.o, greatest(x.occurred_at, head.previous_occurred_at), recorded.recorded_at, x.o - 1,
    ${bucket}, ${streamId}, ${commitId}, ${version === '' ? '' : '1, '}${expressions}
  from head, recorded, ${rows}`
}

/**
 * False for a repeat, which then takes no head and draws no sequence number: a number drawn in vain is a hole, and
 * readers wait at a hole for every transaction that runs. Only a repeat that races its first still draws one.
 */
function newness({ named, foreign }: AppendKind, { commitId, foreignSource, foreignId }: Sql): string {
  const byId = named ? [`not exists (select from :schema.commits where commit_id = ${commitId})`] : []
  const byForeignId = foreign
    ? [`not exists (select from :schema.foreign_ids where source = ${foreignSource} and id = ${foreignId})`]
    : []
  return [...byId, ...byForeignId].join(' and ') || 'true'
}

/** A statement and the named parameters it begins with; those of shape `mixed` are followed by the lists of `mixedValues` and of the given times. */
export interface AppendStatement {
  readonly text: string
  readonly parameters: readonly AppendParameter[]
}

function build(kind: AppendKind, schema: SchemaName): AppendStatement {
  const parameters = parametersOf(kind)
  const { sql, used } = parameters
  const foreignPart = kind.foreign ? `, mapped as (${insertForeignId(sql)})` : ''
  const text = `with head as (${heads[kind.head](sql, newness(kind, sql))}), recorded as (${insertCommit(sql)})${foreignPart}, stored as (${insertEvents(sql, sources[kind.shape](parameters))})
select head.version, recorded.seq from head, recorded`
  return { text: inSchema(text, schema), parameters: used }
}

const headKinds: readonly HeadKind[] = ['any', 'no-stream', 'exists']
const shapes: readonly Shape[] = ['one', 'many', 'mixed']

/** A number, which is found again several times as fast as a text made of the same. */
function keyOf({ head, shape, versioned, timed, described, named, foreign }: AppendKind): number {
  const flags =
    Number(versioned) + 2 * Number(timed) + 4 * Number(described) + 8 * Number(named) + 16 * Number(foreign)
  return 32 * (headKinds.indexOf(head) + 3 * shapes.indexOf(shape)) + flags
}

/** The statements that append to one stream in one round trip; each gives version and sequence, or no row. */
export class AppendStatements {
  readonly #schema: SchemaName
  readonly #statements = new Map<number, AppendStatement>()

  constructor(schema: SchemaName) {
    this.#schema = schema
  }

  of(kind: AppendKind): AppendStatement {
    const key = keyOf(kind)
    const known = this.#statements.get(key)
    if (known !== undefined) return known
    const statement = build(kind, this.#schema)
    this.#statements.set(key, statement)
    return statement
  }
}
