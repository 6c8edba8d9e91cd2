import { checkListStreamsOptions, EventVersion, parseStreamId } from '@millrace/contracts'
import type { ListStreamsOptions, StreamId, StreamInfo } from '@millrace/contracts'

import { inSchema } from '../sql/schema-name.ts'
import type { SchemaName } from '../sql/schema-name.ts'
import type { SqlDatabase } from '../sql/sql-database.ts'

interface StreamRow {
  readonly stream_id: string
  readonly version: number
  readonly created_at: number
  readonly updated_at: number
  readonly tombstoned_at: number | null
}

const columns = 'stream_id, version, created_at, updated_at, tombstoned_at'
const one = `select ${columns} from :schema.streams where stream_id = $1`
// A category's streams lie together: "-" comes directly before "." and the key follows the dash.
const page = `select ${columns} from :schema.streams
where stream_id > $1 and stream_id >= $2 and ($3::text is null or stream_id < $3) and ($4 or tombstoned_at is null)
order by stream_id limit $5`

function infoOf(row: StreamRow): StreamInfo {
  return {
    id: row.stream_id as StreamId,
    version: row.version as EventVersion,
    createdAt: new Date(row.created_at),
    updatedAt: new Date(row.updated_at),
    tombstonedAt: row.tombstoned_at === null ? undefined : new Date(row.tombstoned_at),
  }
}

/** What is known of streams without reading their events. */
export class StreamDirectory {
  readonly #database: SqlDatabase
  readonly #one: string
  readonly #page: string

  constructor(database: SqlDatabase, schema: SchemaName) {
    this.#database = database
    this.#one = inSchema(one, schema)
    this.#page = inSchema(page, schema)
  }

  /** 0 for a missing or tombstoned stream. */
  async currentVersion(streamId: StreamId): Promise<EventVersion> {
    const info = await this.describe(streamId)
    return info === undefined || info.tombstonedAt !== undefined ? EventVersion.initial : info.version
  }

  async describe(streamId: StreamId): Promise<StreamInfo | undefined> {
    const [row] = await this.#database.query<StreamRow>(this.#one, [parseStreamId(streamId)])
    return row === undefined ? undefined : infoOf(row)
  }

  async list(options: ListStreamsOptions): Promise<readonly StreamInfo[]> {
    checkListStreamsOptions(options)
    const { category, after = '', limit = 100, includeTombstoned = false } = options
    const [from, below] = category === undefined ? ['', null] : [`${category}-`, `${category}.`]
    const rows = await this.#database.query<StreamRow>(this.#page, [
      after,
      from,
      below,
      includeTombstoned,
      limit,
    ])
    return rows.map(infoOf)
  }
}
