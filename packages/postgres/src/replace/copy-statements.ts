import { mixedExpressions, mixedLists } from '../append/append-statements.ts'
import { mixedColumns } from '../append/event-values.ts'
import { inSchema } from '../sql/schema-name.ts'
import type { SchemaName } from '../sql/schema-name.ts'

/** How far the copy has got, locked: of two processes that copy one log, the second waits here and then sees the first. */
const lockProgress =
  'select source_seq as "sourceSeq", (select coalesce(max(seq), 0) from :schema.commits) as "lastSeq" from :schema.log_copy for update'

/** The heads of streams in the copy. $1 stream ids. */
const readHeads = `select stream_id as "streamId", version, occurred_at as "occurredAt", previous_occurred_at as "previousOccurredAt",
  created_at as "createdAt", updated_at as "updatedAt", tombstoned_at as "tombstonedAt", payload_bytes as "payloadBytes", largest_payload as "largestPayload"
from :schema.streams where stream_id = any ($1::text[])`

/** $1 stream ids, $2 categories, then versions, occurred-ats, previous, created-ats, updated-ats, tombstoned-ats, bytes, largest. */
const writeHeads = `insert into :schema.streams as h (stream_id, category, version, occurred_at, previous_occurred_at, created_at, updated_at, tombstoned_at, payload_bytes, largest_payload)
select * from unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[])
on conflict (stream_id) do update set version = excluded.version, occurred_at = excluded.occurred_at, previous_occurred_at = excluded.previous_occurred_at,
  created_at = excluded.created_at, updated_at = excluded.updated_at, tombstoned_at = excluded.tombstoned_at,
  payload_bytes = excluded.payload_bytes, largest_payload = excluded.largest_payload`

/**
 * $1 numbers, $2 ids, $3 recorded-ats, $4 counts, $5 bytes, $6 stream ids, $7 versions, $8 last indexes of each, as texts of
 * arrays. What the source knows of a commit's content comes from there.
 */
const writeCommits = `insert into :schema.commits (seq, commit_id, fingerprint, recorded_at, event_count, payload_bytes, stream_ids, versions, last_indexes)
select x.seq, x.commit_id, (select s.fingerprint from :source.commits s where s.commit_id = x.commit_id), x.recorded_at, x.event_count, x.bytes,
  x.stream_ids::text[], x.versions::bigint[], x.last_indexes::int[]
from unnest($1::bigint[], $2::text[], $3::bigint[], $4::int[], $5::bigint[], $6::text[], $7::text[], $8::text[])
  as x (seq, commit_id, recorded_at, event_count, bytes, stream_ids, versions, last_indexes)`

const places = 8

/** $1 commit numbers, $2 indexes, $3 versions, $4 occurred-ats, $5 recorded-ats, $6 buckets, $7 stream ids, $8 commit ids, then the lists of `mixedValues`. */
const writeEvents = `insert into :schema.events (commit_seq, commit_index, version, occurred_at, recorded_at, bucket, stream_id, commit_id, ${mixedColumns.map(([name]) => name).join(', ')})
select x.commit_seq, x.commit_index, x.version, x.occurred_at, x.recorded_at, x.bucket, x.stream_id, x.commit_id, ${mixedExpressions()}
from unnest($1::bigint[], $2::int[], $3::bigint[], $4::bigint[], $5::bigint[], $6::smallint[], $7::text[], $8::text[], ${mixedLists(places + 1)})
  as x (commit_seq, commit_index, version, occurred_at, recorded_at, bucket, stream_id, commit_id, ${mixedColumns.map(([name]) => name).join(', ')})`

/** $1 stream id. */
const eraseEvents = 'select :schema.delete_stream_events($1)'

/** $1 the last number given to a commit. */
const moveSequence = `select setval(':schema.commit_seq', $1::bigint)`

/** $1 the place in the source that is reached. */
const saveProgress = 'update :schema.log_copy set source_seq = $1::bigint'

/**
 * Which commit of the copy a source's foreign ids led to, for commits of the source above $1 up to $2. Of those that came
 * to nothing there is none.
 */
const copyForeignIds = `insert into :schema.foreign_ids (source, id, commit_seq)
select f.source, f.id, t.seq from :source.foreign_ids f join :source.commits c on c.seq = f.commit_seq join :schema.commits t on t.commit_id = c.commit_id
where f.commit_seq > $1::bigint and f.commit_seq <= $2::bigint
on conflict do nothing`

type StatementName =
  | 'lockProgress'
  | 'readHeads'
  | 'writeHeads'
  | 'writeCommits'
  | 'writeEvents'
  | 'eraseEvents'
  | 'moveSequence'
  | 'saveProgress'
  | 'copyForeignIds'

const statements: Readonly<Record<StatementName, string>> = {
  lockProgress,
  readHeads,
  writeHeads,
  writeCommits,
  writeEvents,
  eraseEvents,
  moveSequence,
  saveProgress,
  copyForeignIds,
}

/** The statements that fill a copy. */
export type CopyStatements = Readonly<Record<StatementName, string>>

/** The statements that fill the copy in one schema of the log in another. */
export function copyStatements(source: SchemaName, copy: SchemaName): CopyStatements {
  const named = Object.entries(statements).map(([name, text]) => [
    name,
    inSchema(text.replace(/(?<!:):source\b/g, source), copy),
  ])
  return Object.fromEntries(named) as CopyStatements
}
