import { checkReadStreamOptions, parseStreamId } from '@millrace/contracts'
import type { ReadStreamOptions, StoredEvent, StreamId } from '@millrace/contracts'

import { archivedVersion } from '../partitions/archived-reads.ts'
import { inSchema } from '../sql/schema-name.ts'
import type { SchemaName } from '../sql/schema-name.ts'
import type { SqlDatabase } from '../sql/sql-database.ts'
import { noEvents, PagedEvents } from './paged-events.ts'
import type { EventPage } from './paged-events.ts'
import { RowPlace, StoredRow, storedColumns } from './stored-row.ts'

/** A page holds at most so many events, and about so many bytes of payload: fewer events where they are large. */
const pageEvents = 1024
export const pageBytes = 500_000

/** $1 stream id, $4 most events: how many versions a page covers. Null for a stream that is missing or tombstoned. */
const sizeOf = `with page as materialized (
  select version, least($4::bigint, greatest(1, ${pageBytes} / greatest(largest_payload, 1))) as size
  from :schema.streams where stream_id = $1 and tombstoned_at is null)`

// The first row alone says how many the page covers. A LIMIT the planner does not know makes it read the index in order:
// nothing is sorted, and each row is made while the one before travels.
/** $2 lowest version, $3 highest. */
const forwards = `${sizeOf}
select ${storedColumns}, case when version = $2 then (select size from page) end as size from :schema.events
where stream_id = $1 and version >= $2::bigint and version <= $3::bigint
order by version limit coalesce((select size from page), 0)`

/** $2 lowest version, $3 highest. */
const backwards = `${sizeOf}
select ${storedColumns}, version from :schema.events
where stream_id = $1 and version >= $2::bigint and version <= $3::bigint
order by version desc limit coalesce((select size from page), 0)`

/** The versions between two dates: occurred-at never decreases in a stream. And how late an archived event may have occurred. */
const versionsBetween = `select min(version) as low, max(version) as high,
  (select max(occurred_until) from :schema.archived_partitions) as archived_until from :schema.events
where stream_id = $1 and occurred_at >= $2::bigint and occurred_at <= $3::bigint`

/** The texts a stream is read with. */
export interface StreamReadTexts {
  readonly forwards: string
  readonly backwards: string
  readonly versionsBetween: string
}

export function streamReadTexts(schema: SchemaName): StreamReadTexts {
  return {
    forwards: inSchema(forwards, schema),
    backwards: inSchema(backwards, schema),
    versionsBetween: inSchema(versionsBetween, schema),
  }
}

interface Window {
  readonly low: number
  readonly high: number
}

interface BetweenRow {
  readonly low: number | null
  readonly high: number | null
  readonly archived_until: number | null
}

const wholeStream: Window = { low: 1, high: Number.MAX_SAFE_INTEGER }

/** Reads windows of one stream. */
export class StreamReader {
  readonly #database: SqlDatabase
  readonly #schema: SchemaName
  readonly #generation: string
  readonly #texts: StreamReadTexts

  constructor(database: SqlDatabase, schema: SchemaName, generation: string) {
    this.#database = database
    this.#schema = schema
    this.#generation = generation
    this.#texts = streamReadTexts(schema)
  }

  /** A missing or tombstoned stream yields nothing. @throws {@link LogArchivedError} for versions that were archived */
  read(streamId: StreamId, options: ReadStreamOptions): AsyncIterable<StoredEvent> {
    const { direction = 'forwards', limit = Infinity, signal } = options
    const first = async (): Promise<EventPage> => {
      parseStreamId(streamId)
      checkReadStreamOptions(options)
      const window = await this.#window(streamId, options)
      if (window === undefined || window.low > window.high) return noEvents
      return direction === 'forwards'
        ? await this.#forwards(streamId, window, limit)
        : await this.#backwards(streamId, window, limit)
    }
    return { [Symbol.asyncIterator]: () => new PagedEvents(first, { limit, signal }) }
  }

  async #window(streamId: StreamId, options: ReadStreamOptions): Promise<Window | undefined> {
    const { fromVersion = 1, toVersion = wholeStream.high, occurredFrom, occurredUntil } = options
    const asked = { low: Math.max(1, fromVersion), high: toVersion }
    if (occurredFrom === undefined && occurredUntil === undefined) return asked
    const from = occurredFrom?.getTime() ?? Number.MIN_SAFE_INTEGER
    const until = occurredUntil?.getTime() ?? Number.MAX_SAFE_INTEGER
    const [between] = await this.#database.query<BetweenRow>(this.#texts.versionsBetween, [
      streamId,
      from,
      until,
    ])
    const { low = null, high = null, archived_until: archived = null } = between ?? {}
    // Those directly before what was found may be of that time too.
    if (archived !== null && from <= archived)
      await this.#refuseArchived(streamId, low === null ? asked.low : Math.max(asked.low, low - 1))
    if (low === null || high === null) return undefined
    return { low: Math.max(asked.low, low), high: Math.min(asked.high, high) }
  }

  async #forwards(streamId: StreamId, { low, high }: Window, limit: number): Promise<EventPage> {
    const rows = await this.#database.queryText(this.#texts.forwards, [
      streamId,
      low,
      high,
      Math.min(limit, pageEvents),
    ])
    const place = new RowPlace(this.#generation, streamId)
    const size = Number(rows[0]?.[4] ?? 0)
    // The lowest version was not found, which is where the size would be.
    if (size === 0 && limit > 0) await this.#refuseArchived(streamId, low)
    const next = low + rows.length
    return {
      size: rows.length,
      at: (index) => new StoredRow(rows[index] ?? [], low + index, place),
      next:
        rows.length < size || rows.length === 0 || next > high
          ? undefined
          : () => this.#forwards(streamId, { low: next, high }, limit - rows.length),
    }
  }

  async #backwards(streamId: StreamId, { low, high }: Window, limit: number): Promise<EventPage> {
    const rows = await this.#database.queryText(this.#texts.backwards, [
      streamId,
      low,
      high,
      Math.min(limit, pageEvents),
    ])
    const place = new RowPlace(this.#generation, streamId)
    const top = Number(rows[0]?.[4] ?? 0)
    const next = top - rows.length
    if (rows.length === 0 && limit > 0) await this.#refuseArchived(streamId, low)
    const further = (): Promise<EventPage> =>
      this.#backwards(streamId, { low, high: next }, limit - rows.length)
    return {
      size: rows.length,
      at: (index) => new StoredRow(rows[index] ?? [], top - index, place),
      // A page that ends above the lowest version leaves some out: the next one says why.
      next: rows.length === 0 || next < low ? undefined : further,
    }
  }

  /** Whoever folds a stream must not miss its beginning. @throws {@link LogArchivedError} where a version is in the archive only */
  async #refuseArchived(streamId: StreamId, version: number): Promise<void> {
    const refusal = await archivedVersion(this.#database, this.#schema, { streamId, version })
    if (refusal !== undefined) throw refusal
  }
}
