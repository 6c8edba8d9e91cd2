import { inSchema } from '../sql/schema-name.ts'
import type { SchemaName } from '../sql/schema-name.ts'
import { clock, mixedExpressions, mixedLists } from './append-statements.ts'
import { mixedColumns } from './event-values.ts'

/**
 * Locks and moves the heads of several streams, in the order of their ids so that no two commits wait for each other.
 * $1 stream ids, $2 categories, $3 numbers of events, $4 last occurred-ats, $5 bytes, $6 largest.
 */
const moveHeads = `insert into :schema.streams as h (stream_id, category, version, occurred_at, previous_occurred_at,
  created_at, updated_at, payload_bytes, largest_payload)
select w.stream_id, w.category, w.size, w.occurred_at, 0, ${clock}, ${clock}, w.bytes, w.largest
from unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[]) as w (stream_id, category, size, occurred_at, bytes, largest)
order by w.stream_id collate "C"
on conflict (stream_id) do update set version = h.version + excluded.version, previous_occurred_at = h.occurred_at,
  occurred_at = greatest(h.occurred_at, excluded.occurred_at), updated_at = ${clock},
  payload_bytes = h.payload_bytes + excluded.payload_bytes, largest_payload = greatest(h.largest_payload, excluded.largest_payload)
returning stream_id, version, previous_occurred_at, tombstoned_at is not null as tombstoned, pg_current_xact_id()::text as transaction_id`

/** Locks heads without moving them. $1 stream ids. */
const lockHeads = `select stream_id, version, occurred_at as previous_occurred_at, tombstoned_at is not null as tombstoned
from :schema.streams where stream_id = any ($1::text[]) order by stream_id for update`

const eventsFrom = 8

const rows = `unnest(${mixedLists(eventsFrom)}, $${eventsFrom + mixedColumns.length}::text[], $${eventsFrom + mixedColumns.length + 1}::bigint[],
  $${eventsFrom + mixedColumns.length + 2}::bigint[], $${eventsFrom + mixedColumns.length + 3}::smallint[])
  with ordinality as x (${mixedColumns.map(([name]) => name).join(', ')}, stream_id, version, occurred_at, bucket, o)`

const foreignFrom = eventsFrom + mixedColumns.length + 4

/**
 * Draws the sequence number and writes commit and events; to run after the heads are locked. A repeat draws none, and
 * gives no row.
 * $1 commit id, $2 fingerprint or null, $3 number of events, $4 bytes, $5 stream ids, $6 versions, $7 last indexes,
 * then the lists of `mixedValues` and stream ids, versions, occurred-ats and buckets of the events, then source and id
 * of a foreign id or nulls.
 */
const record = `with recorded as (
  insert into :schema.commits (seq, commit_id, fingerprint, recorded_at, event_count, payload_bytes, stream_ids, versions, last_indexes)
  select nextval(':schema.commit_seq'), $1::text, $2::bytea, ${clock}, $3::int, $4::bigint, $5::text[], $6::bigint[], $7::int[]
  where not exists (select from :schema.commits where commit_id = $1::text)
    and not exists (select from :schema.foreign_ids where source = $${foreignFrom}::text and id = $${foreignFrom + 1}::text)
  returning seq, recorded_at),
stored as (
  insert into :schema.events (commit_seq, version, occurred_at, recorded_at, commit_index, bucket, stream_id, commit_id, ${mixedColumns.map(([name]) => name).join(', ')})
  select recorded.seq, x.version, x.occurred_at, recorded.recorded_at, x.o - 1, x.bucket, x.stream_id, $1, ${mixedExpressions()}
  from recorded, ${rows} returning 1)
select seq from recorded`

/** $1 source, $2 id, $3 commit sequence. */
const mapForeignId = 'insert into :schema.foreign_ids (source, id, commit_seq) values ($1, $2, $3)'

/** Closes a locked head. $1 stream id. */
const closeHead = `update :schema.streams set tombstoned_at = ${clock}, updated_at = ${clock} where stream_id = $1`

const deleteEvents = 'select :schema.delete_stream_events($1)'

const statements: Readonly<
  Record<'moveHeads' | 'lockHeads' | 'record' | 'mapForeignId' | 'closeHead' | 'deleteEvents', string>
> = {
  moveHeads,
  lockHeads,
  record,
  mapForeignId,
  closeHead,
  deleteEvents,
}

/** The statements of a commit that takes several round trips, in one transaction. */
export type CommitStatements = typeof statements

/** The statements for one schema. */
export function commitStatements(schema: SchemaName): CommitStatements {
  return {
    moveHeads: inSchema(moveHeads, schema),
    lockHeads: inSchema(lockHeads, schema),
    record: inSchema(record, schema),
    mapForeignId: inSchema(mapForeignId, schema),
    closeHead: inSchema(closeHead, schema),
    deleteEvents: inSchema(deleteEvents, schema),
  }
}
