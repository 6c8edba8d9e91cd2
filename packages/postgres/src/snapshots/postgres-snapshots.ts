import {
  checkSnapshot,
  checkSnapshotKey,
  checkSnapshotList,
  checkSnapshotPrune,
  checkSnapshotQuery,
  checkSnapshotStreams,
  formatSnapshotHeader,
} from '@millrace/contracts'
import type {
  Snapshot,
  SnapshotEntry,
  SnapshotKey,
  SnapshotQuery,
  SnapshotStore,
  SnapshotStreamsOptions,
  StreamId,
} from '@millrace/contracts'

import { inSchema } from '../sql/schema-name.ts'
import type { SchemaName } from '../sql/schema-name.ts'
import type { SqlDatabase } from '../sql/sql-database.ts'
import { entryOf, snapshotOf } from './snapshot-rows.ts'
import type { EntryRow, SnapshotRow } from './snapshot-rows.ts'

// in:    stream id, name, version, schema version, latest occurred-at and recorded-at in ms, header, state
// locks: the row
const save = `
insert into :schema.snapshots values ($1, $2, $3, $4, $5, $6, $7, $8)
on conflict (stream_id, name, version, schema_version) do update set
  occurred_at = excluded.occurred_at, recorded_at = excluded.recorded_at,
  header = excluded.header, state = excluded.state`

// in:    stream id, name; or null: schema version, highest version, latest occurred-at and recorded-at in ms
const latest = `
select name, version, schema_version, header, state from :schema.snapshots
where stream_id = $1 and name = $2
  and ($3::int is null or schema_version = $3) and ($4::bigint is null or version <= $4)
  and ($5::bigint is null or occurred_at <= $5) and ($6::bigint is null or recorded_at <= $6)
order by version desc, schema_version desc limit 1`

const list = `
select name, version, schema_version, header, octet_length(state) as bytes from :schema.snapshots
where stream_id = $1 and ($2::text is null or name = $2)
order by version desc, schema_version desc, name`

const remove = `
delete from :schema.snapshots where stream_id = $1 and name = $2 and version = $3 and schema_version = $4`

// in: stream id, name, how many stay
const prune = `
with surplus as (
  select version, schema_version from :schema.snapshots where stream_id = $1 and name = $2
  order by version desc, schema_version desc offset $3)
delete from :schema.snapshots s using surplus
where s.stream_id = $1 and s.name = $2
  and s.version = surplus.version and s.schema_version = surplus.schema_version`

// A category's streams lie together: "-" comes directly before "." and the key follows the dash.
const streams = `
select distinct stream_id from :schema.snapshots
where stream_id > $1 and stream_id >= $2 and ($3::text is null or stream_id < $3)
order by stream_id limit $4`

const names = ['save', 'latest', 'list', 'remove', 'prune', 'streams'] as const
const statements = { save, latest, list, remove, prune, streams }

type Statements = Readonly<Record<(typeof names)[number], string>>

/** Snapshots in a table, one row each. */
export class PostgresSnapshots implements SnapshotStore {
  readonly #database: SqlDatabase
  readonly #sql: Statements

  constructor(database: SqlDatabase, schema: SchemaName) {
    this.#database = database
    this.#sql = Object.fromEntries(
      names.map((name) => [name, inSchema(statements[name], schema)]),
    ) as Statements
  }

  async save(snapshot: Snapshot): Promise<void> {
    checkSnapshot(snapshot)
    const { streamId, name, version, schemaVersion, occurredAt, recordedAt, state } = snapshot
    const header = formatSnapshotHeader(snapshot, state.byteLength)
    const times = [occurredAt.getTime(), recordedAt.getTime()]
    const values = [streamId, name, version, schemaVersion, ...times, header, state]
    await this.#database.execute(this.#sql.save, values)
  }

  async latest(streamId: StreamId, query: SnapshotQuery): Promise<Snapshot | undefined> {
    checkSnapshotQuery(streamId, query)
    const { name, schemaVersion, atOrBelow, occurredUntil, recordedUntil } = query
    const bounds = [schemaVersion, atOrBelow, occurredUntil?.getTime(), recordedUntil?.getTime()]
    const values = [streamId, name, ...bounds.map((bound) => bound ?? null)]
    const [row] = await this.#database.query<SnapshotRow>(this.#sql.latest, values)
    return row && snapshotOf(streamId, row)
  }

  async list(
    streamId: StreamId,
    options: { readonly name?: string } = {},
  ): Promise<readonly SnapshotEntry[]> {
    checkSnapshotList(streamId, options)
    const values = [streamId, options.name ?? null]
    const rows = await this.#database.query<EntryRow>(this.#sql.list, values)
    return rows.map((row) => entryOf(streamId, row))
  }

  async remove(streamId: StreamId, key: SnapshotKey): Promise<boolean> {
    checkSnapshotKey(streamId, key)
    const values = [streamId, key.name, key.version, key.schemaVersion]
    return (await this.#database.execute(this.#sql.remove, values)) > 0
  }

  async prune(
    streamId: StreamId,
    options: { readonly name: string; readonly keep: number },
  ): Promise<number> {
    checkSnapshotPrune(streamId, options)
    return await this.#database.execute(this.#sql.prune, [streamId, options.name, options.keep])
  }

  async streams(options: SnapshotStreamsOptions = {}): Promise<readonly StreamId[]> {
    checkSnapshotStreams(options)
    const { category, after = '', limit = 100 } = options
    const [from, below] = category === undefined ? ['', null] : [`${category}-`, `${category}.`]
    const rows = await this.#database.query<{ readonly stream_id: StreamId }>(this.#sql.streams, [
      after,
      from,
      below,
      limit,
    ])
    return rows.map(({ stream_id: streamId }) => streamId)
  }
}
