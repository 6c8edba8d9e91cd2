import type { LogPartition } from '@millrace/contracts'

import { inSchema } from '../sql/schema-name.ts'
import type { SchemaName } from '../sql/schema-name.ts'
import type { SqlSession } from '../sql/sql-database.ts'

/** A partition that is part of the log, and how much it holds as far as the server has counted. */
interface AttachedRow {
  readonly name: string
  readonly bounds: string
  readonly events: number
  readonly bytes: number
}

/** A row of `archived_partitions`. */
export interface ArchivedRow {
  readonly name: string
  readonly from_seq: number
  readonly to_seq: number
  readonly events: number
  readonly occurred_until: number
  readonly archive: string
  readonly archive_hash: string
  readonly chain_digest: string | null
  readonly detached_at: number
  readonly detached_by: string
  readonly key_id: string | null
  readonly signature: string | null
  readonly dropped_at: number | null
}

const attached = `select child.relname::text as name, pg_get_expr(child.relpartbound, child.oid) as bounds,
  greatest(child.reltuples, -1)::bigint as events, pg_total_relation_size(child.oid) as bytes
from pg_inherits join pg_class child on child.oid = inhrelid
where inhparent = ':schema.events'::regclass and pg_get_expr(child.relpartbound, child.oid) <> 'DEFAULT'`

const columns =
  'name, from_seq, to_seq, events, occurred_until, archive, archive_hash, chain_digest, detached_at, detached_by, key_id, signature, dropped_at'

const archived = `select ${columns}, coalesce(pg_total_relation_size(to_regclass(format('%I.%I', ':schema', name))), 0) as bytes
from :schema.archived_partitions order by from_seq`

function attachedPartition({ name, bounds, events, bytes }: AttachedRow): LogPartition {
  const [from = 0, to = 0] = (bounds.match(/\d+/g) ?? []).map(Number)
  return {
    name,
    fromCommit: from,
    toCommit: to,
    state: 'attached',
    events: events < 0 ? undefined : events,
    bytes,
    archive: undefined,
    archiveHash: undefined,
    detachedAt: undefined,
    detachedBy: undefined,
  }
}

function archivedPartition(row: ArchivedRow & { readonly bytes: number }): LogPartition {
  return {
    name: row.name,
    fromCommit: row.from_seq,
    toCommit: row.to_seq,
    state: row.dropped_at === null ? 'detached' : 'dropped',
    events: row.events,
    bytes: row.dropped_at === null ? row.bytes : 0,
    archive: row.archive,
    archiveHash: row.archive_hash,
    detachedAt: new Date(row.detached_at),
    detachedBy: row.detached_by,
  }
}

/** The partitions of a log and those that were, oldest first. */
export async function readPartitions(
  session: SqlSession,
  schema: SchemaName,
): Promise<readonly LogPartition[]> {
  const gone = await session.query<ArchivedRow & { readonly bytes: number }>(inSchema(archived, schema))
  const there = await session.query<AttachedRow>(inSchema(attached, schema))
  return [...gone.map(archivedPartition), ...there.map(attachedPartition)].toSorted(
    (a, b) => a.fromCommit - b.fromCommit,
  )
}

/** What was taken out of the log, oldest first. */
export async function readArchived(session: SqlSession, schema: SchemaName): Promise<readonly ArchivedRow[]> {
  return await session.query<ArchivedRow>(
    inSchema(`select ${columns} from :schema.archived_partitions order by from_seq`, schema),
  )
}
