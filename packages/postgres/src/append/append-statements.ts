import type { ExpectedVersion } from '@millrace/contracts'

import { inSchema } from '../sql/schema-name.ts'
import type { SchemaName } from '../sql/schema-name.ts'
import { mixedColumns } from './event-values.ts'
import type { Shape } from './event-values.ts'

/** What an append expects, as far as the statement differs. */
export type HeadKind = 'any' | 'no-stream' | 'exists'

/** `exists` serves both `'stream-exists'` and a version. */
export function headKindOf(expected: ExpectedVersion): HeadKind {
  if (expected === 'any' || expected === 'no-stream') return expected
  return 'exists'
}

/**
 * Parameters of every append: $1 stream id, $2 category, $3 number of events, $4 the last event's occurred-at,
 * $5 expected version or null, $6 the caller's first occurred-at or null, $7 bytes of payloads, $8 of the largest,
 * $9 bucket, $10 commit id, $11 fingerprint or null, then the events, then source and id of a foreign id.
 */
const eventsFrom = 12

/** The database's clock in whole milliseconds, rounded down as JavaScript's is; `extract` would count in numeric, which costs ten times as much. */
export const clock = `floor(date_part('epoch', clock_timestamp()) * 1000)::bigint`

/** Changes a head that is there and still as expected; nothing where it is not. */
const changeHead = `version = h.version + $3::int, previous_occurred_at = h.occurred_at,
  occurred_at = greatest(h.occurred_at, $4::bigint), updated_at = ${clock}, payload_bytes = h.payload_bytes + $7::bigint,
  largest_payload = greatest(h.largest_payload, $8::bigint)`
const headIsOpen = `h.tombstoned_at is null and ($6::bigint is null or $6 >= h.occurred_at)`
const newHead = `insert into :schema.streams as h (stream_id, category, version, occurred_at, previous_occurred_at,
  created_at, updated_at, payload_bytes, largest_payload) select $1::text, $2::text, $3::int, $4::bigint, 0, ${clock}, ${clock}, $7::bigint, $8::bigint`
// The transaction id is asked for here, under the head's lock and before the sequence number is drawn from its result.
const returningHead = `returning h.version, h.previous_occurred_at, pg_current_xact_id() as transaction_id`

/** The statements that take the head, unless `isNew` is false. */
const heads: Readonly<Record<HeadKind, (isNew: string) => string>> = {
  any: (isNew) =>
    `${newHead} where ${isNew} on conflict (stream_id) do update set ${changeHead} where ${headIsOpen} ${returningHead}`,
  'no-stream': (isNew) => `${newHead} where ${isNew} on conflict (stream_id) do nothing ${returningHead}`,
  exists: (isNew) => `update :schema.streams as h set ${changeHead}
  where stream_id = $1 and ($5::bigint is null or h.version = $5) and ${headIsOpen} and ${isNew} ${returningHead}`,
}

const recordSeparator = String.raw`E'\x1e'`

/** The parameters of `mixedValues`, beginning with number `from`, as rows `l`. */
export function mixedLists(from: number): string {
  return mixedColumns.map(([, type], i) => `$${from + i}::${type}[]`).join(', ')
}

function listOf(parameter: number): string {
  return `string_to_table($${parameter}::text, ${recordSeparator})`
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
const sharedValues = `$15::json, $16::text, $17::text, $18::text, $19::text`

/** Where the events come from: columns, their expressions, and the rows `x` with an ordinal `o` from 1. */
interface EventSource {
  readonly columns: readonly string[]
  readonly expressions: string
  readonly rows: string
  /** Number of parameters. */
  readonly size: number
}

const sources: Readonly<Record<Shape, EventSource>> = {
  one: {
    columns: plainColumns,
    expressions: `$12::text, $13::text, $14::json, ${sharedValues}`,
    rows: '(select 1 as o, $4::bigint as occurred_at) as x',
    size: 8,
  },
  many: {
    columns: plainColumns,
    expressions: `x.event_id, x.type, x.payload::json, ${sharedValues}`,
    rows: `(select *, $4::bigint as occurred_at from rows from (${listOf(12)}, ${listOf(13)}, ${listOf(14)}) with ordinality as l (event_id, type, payload, o)) as x`,
    size: 8,
  },
  mixed: {
    columns: mixedColumns.map(([name]) => name),
    expressions: mixedExpressions(),
    rows: mixedRows(eventsFrom),
    size: mixedColumns.length + 1,
  },
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

function mixedRows(from: number): string {
  const times = `$${from + mixedColumns.length}::bigint[]`
  const names = [...mixedColumns.map(([name]) => name), 'given_at', 'o'].join(', ')
  return `(select *, coalesce(given_at, $4::bigint) as occurred_at from unnest(${mixedLists(from)}, ${times}) with ordinality as l (${names})) as x`
}

const insertCommit = `insert into :schema.commits (seq, commit_id, fingerprint, recorded_at, event_count, payload_bytes, stream_ids, versions, last_indexes)
  select nextval(':schema.commit_seq'), $10::text, $11::bytea, ${clock}, $3, $7, array[$1::text], array[head.version], array[$3 - 1]
  from head returning seq, recorded_at`

function insertForeignId(from: number): string {
  return `insert into :schema.foreign_ids (source, id, commit_seq) select $${from}::text, $${from + 1}::text, seq from recorded returning 1`
}

function insertEvents({ columns, expressions, rows }: EventSource): string {
  const version = columns.includes('schema_version') ? '' : 'schema_version, '
  return `insert into :schema.events (commit_seq, version, occurred_at, recorded_at, commit_index, bucket, stream_id, commit_id, ${version}${columns.join(', ')})
  select recorded.seq, head.version - $3 + x.o, greatest(x.occurred_at, head.previous_occurred_at), recorded.recorded_at, x.o - 1,
    $9::smallint, $1, $10, ${version === '' ? '' : '1, '}${expressions}
  from head, recorded, ${rows} returning 1`
}

/** Which append. */
export interface AppendKind {
  readonly head: HeadKind
  readonly shape: Shape
  /** The caller gave the commit's id, so that it may be a repeat. */
  readonly named: boolean
  readonly foreign: boolean
}

/**
 * False for a repeat, which then takes no head and draws no sequence number: a number drawn in vain is a hole, and
 * readers wait at a hole for every transaction that runs. Only a repeat that races its first still draws one.
 */
function newness({ named, foreign }: AppendKind, foreignFrom: number): string {
  const byId = named ? ['not exists (select from :schema.commits where commit_id = $10::text)'] : []
  const byForeignId = foreign
    ? [
        `not exists (select from :schema.foreign_ids where source = $${foreignFrom}::text and id = $${foreignFrom + 1}::text)`,
      ]
    : []
  return [...byId, ...byForeignId].join(' and ') || 'true'
}

// A parameter no part mentions would have no type; the planner drops this condition.
const everyParameter = 'where true or ($2::text, $5::bigint, $6::bigint) is null'

function build(kind: AppendKind, schema: SchemaName): string {
  const source = sources[kind.shape]
  const foreignFrom = eventsFrom + source.size
  const foreignPart = kind.foreign ? `, mapped as (${insertForeignId(foreignFrom)})` : ''
  return inSchema(
    `with head as (${heads[kind.head](newness(kind, foreignFrom))}), recorded as (${insertCommit})${foreignPart}, stored as (${insertEvents(source)})
select head.version, recorded.seq from head, recorded ${everyParameter}`,
    schema,
  )
}

/** The statements that append to one stream in one round trip; each gives version and sequence, or no row. */
export class AppendStatements {
  readonly #schema: SchemaName
  readonly #texts = new Map<string, string>()

  constructor(schema: SchemaName) {
    this.#schema = schema
  }

  text(kind: AppendKind): string {
    const key = `${kind.head} ${kind.shape} ${kind.named} ${kind.foreign}`
    const known = this.#texts.get(key)
    if (known !== undefined) return known
    const text = build(kind, this.#schema)
    this.#texts.set(key, text)
    return text
  }
}
