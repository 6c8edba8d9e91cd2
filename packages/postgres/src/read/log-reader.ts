import { checkReadAllOptions } from '@millrace/contracts'
import type { Position, ReadAllOptions, StoredEvent } from '@millrace/contracts'

import { checkNothingArchived, explainArchived, nothingArchived } from '../partitions/archived-reads.ts'
import { inSchema } from '../sql/schema-name.ts'
import type { SchemaName } from '../sql/schema-name.ts'
import type { SqlDatabase } from '../sql/sql-database.ts'
import { allSelection, checkGeneration, upTo } from './log-selection.ts'
import type { Selection } from './log-selection.ts'
import { noEvents, PagedEvents } from './paged-events.ts'
import type { EventPage } from './paged-events.ts'
import { placeColumns, RowPlaces, storedColumns, storedRowOf } from './stored-row.ts'
import { pageBytes } from './stream-reader.ts'

const pageEvents = 512

/** What a page begins after: the last event of the page before. */
interface Mark {
  readonly commit: number
  readonly index: number
}

/**
 * One page in the order of the log. Its bytes are bounded by what the payloads take on disk, before any is unpacked;
 * `candidates` is how many rows there were before that bound. The last two parameters are where the page begins; forwards
 * they are always there, and a page that would leave archived events out fails.
 */
export function allPageText(
  { conditions, values }: Selection,
  direction: 'forwards' | 'backwards',
  fromMark: boolean,
): string {
  const [order, beyond] = direction === 'forwards' ? ['asc', '>'] : ['desc', '<']
  const limit = values.length + 1
  const [commit, index] = [`$${limit + 1}`, `$${limit + 2}`]
  const mark = fromMark ? [`(commit_seq, commit_index) ${beyond} (${commit}::bigint, ${index}::int)`] : []
  const guard = direction === 'forwards' ? [nothingArchived(commit, index)] : []
  const all = [...conditions, ...mark, ...guard]
  const where = all.length === 0 ? '' : `where ${all.join(' and ')}`
  const by = `order by commit_seq ${order}, commit_index ${order}`
  return `select ${storedColumns}, ${placeColumns}, candidates from (
  select *, count(*) over () as candidates, row_number() over (${by}) as place,
    sum(coalesce(pg_column_size(payload), 0) + coalesce(pg_column_size(payload_binary), 0)) over (${by}) as bytes
  from (select * from :schema.events ${where} ${by} limit $${limit}::int) as found) as page
where bytes <= ${pageBytes} or place = 1 ${by}`
}

/** Before the first event there can be. */
const start: Mark = { commit: 0, index: 0 }

function markOf({ position }: StoredEvent): Mark {
  return { commit: position.commit, index: position.index }
}

/** What a reader needs of the log. */
export interface ReadLog {
  readonly name: string
  readonly generation: string
  /** The end of what no late commit can come before. */
  readonly head: (signal: AbortSignal | undefined) => Promise<Position>
  readonly waitFor: (position: Position, signal: AbortSignal | undefined) => Promise<void>
}

/**
 * Reads over all streams, in the order of the log. A read ends at the settled head, in either direction: whoever goes on
 * after its last event misses no commit with a lower number that came later. It waits for what was visible when it
 * began, for at most two seconds behind a transaction that stays open.
 */
export class LogReader {
  readonly #database: SqlDatabase
  readonly #schema: SchemaName
  readonly #log: ReadLog

  constructor(database: SqlDatabase, schema: SchemaName, log: ReadLog) {
    this.#database = database
    this.#schema = schema
    this.#log = log
  }

  readAll(options: ReadAllOptions): AsyncIterable<StoredEvent> {
    const { limit = Infinity, signal } = options
    const first = async (): Promise<EventPage> => {
      checkReadAllOptions(options)
      for (const position of [options.after, options.before, options.atLeast])
        if (position !== undefined) checkGeneration(position, this.#log.generation)
      if (options.atLeast !== undefined) await this.#log.waitFor(options.atLeast, signal)
      const selection = upTo(allSelection(options), await this.#log.head(signal))
      return await this.#page(selection, options, undefined)
    }
    return { [Symbol.asyncIterator]: () => new PagedEvents(first, { limit, signal }) }
  }

  /** Backwards, what lies before the last event that was found is looked for once that is reached. */
  #end({ direction, after }: ReadAllOptions): EventPage['next'] {
    if (direction !== 'backwards') return undefined
    const { commit, index } = after ?? start
    return async () => {
      await checkNothingArchived(this.#database, this.#schema, { source: this.#log.name, commit, index })
      return noEvents
    }
  }

  async #page(selection: Selection, options: ReadAllOptions, mark: Mark | undefined): Promise<EventPage> {
    const { direction = 'forwards', limit = Infinity } = options
    const size = Math.min(limit, pageEvents)
    const text = inSchema(allPageText(selection, direction, mark !== undefined), this.#schema)
    const { commit, index } = mark ?? options.after ?? start
    const begins = mark === undefined && direction === 'backwards' ? [] : [commit, index]
    const values = [...selection.values, size, ...begins]
    const rows = await explainArchived(this.#log.name, this.#database.queryText(text, values))
    const places = new RowPlaces(this.#log.generation)
    const at = (i: number): StoredEvent => storedRowOf(rows[i] ?? [], places)
    const whole = Number(rows[0]?.[6] ?? 0) === rows.length
    const last = rows.length - 1
    return {
      size: rows.length,
      at,
      next:
        rows.length === 0 || (whole && rows.length < size)
          ? this.#end(options)
          : () => this.#page(selection, options, markOf(at(last))),
    }
  }
}
