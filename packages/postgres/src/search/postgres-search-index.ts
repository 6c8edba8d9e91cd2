import {
  checkSearchAggregation,
  checkSearchQuery,
  checkSearchSelection,
  checkSubject,
  checkWhole,
  ConfigurationError,
  ConnectionError,
  formatSearchCursor,
  latestWrites,
  parseSearchCursor,
  searchWriteProblem,
  subjectFields,
} from '@millrace/contracts'
import type {
  RolloverOptions,
  SearchAggregation,
  SearchCounts,
  SearchDefinition,
  SearchIndex,
  SearchPage,
  SearchQuery,
  SearchSegment,
  SearchSelection,
  SearchWrite,
  SearchWriteResult,
} from '@millrace/contracts'

import { inSchema } from '../sql/schema-name.ts'
import { hasSqlState, sqlState } from '../sql/sql-error.ts'
import { documentsOf, readBuilds } from './search-builds.ts'
import type { SearchTables } from './search-builds.ts'
import { eraseStatement } from './search-erasure.ts'
import { hitOf, placeOf } from './search-rows.ts'
import type { DocumentRow } from './search-rows.ts'
import { closeSegment, readSegments, removeSegments } from './search-segments.ts'
import { aggregateOf, countOf, pageOf, termCount } from './search-statements.ts'
import { upsertOf } from './write-documents.ts'

/** What an index is about: the build that is read at the time, or one by its run. */
export type SearchTarget = 'live' | number

interface Place {
  readonly run: number
  readonly table: string
}

/** A build in tables: the one that is read, or one that is under way. */
export class PostgresSearchIndex implements SearchIndex {
  readonly definition: SearchDefinition
  readonly #tables: SearchTables
  readonly #target: SearchTarget
  #place: Promise<Place> | undefined

  constructor(tables: SearchTables, definition: SearchDefinition, target: SearchTarget) {
    this.definition = definition
    this.#tables = tables
    this.#target = target
  }

  async write(writes: readonly SearchWrite[]): Promise<readonly SearchWriteResult[]> {
    const problems = writes.map((write) => searchWriteProblem(this.definition, write))
    const open = writes.filter((_, n) => problems[n] === undefined)
    const latest = latestWrites(open)
    const written = new Set(latest.size === 0 ? [] : await this.#upsert([...latest.values()]))
    const highest = new Map<string, number>()
    return writes.map((write, n) => {
      const { id, version } = write
      const reason = problems[n]
      if (reason !== undefined) return { kind: 'rejected', id, reason }
      const isLate = version < (highest.get(id) ?? 0)
      if (!isLate) highest.set(id, version)
      return { kind: isLate || !written.has(id) ? 'stale' : 'written', id }
    })
  }

  async search(query: SearchQuery): Promise<SearchPage> {
    checkSearchQuery(this.definition, query)
    const { limit = 20 } = query
    const cursor = parseSearchCursor(this.definition, query, termCount(query))
    const rows = await this.#at(async ({ table }) => {
      const { text, values } = pageOf(this.definition, table, { query, place: cursor?.place })
      return await this.#tables.database.query<DocumentRow>(text, values)
    })
    const page = rows.slice(0, limit)
    const last = page.at(-1)
    const place = last && placeOf(last, termCount(query))
    return {
      hits: page.map((row) => hitOf(this.definition, query, row)),
      next:
        rows.length <= limit || place === undefined
          ? undefined
          : formatSearchCursor(this.definition, query, { view: '', place }),
    }
  }

  async count(selection: SearchSelection = {}): Promise<number> {
    checkSearchSelection(this.definition, selection)
    const [row] = await this.#at(async ({ table }) => {
      const { text, values } = countOf(this.definition, table, selection)
      return await this.#tables.database.query<{ count: number }>(text, values)
    })
    return row?.count ?? 0
  }

  async aggregate<const Aggregation extends SearchAggregation>(
    aggregation: Aggregation,
    selection: SearchSelection = {},
  ): Promise<SearchCounts<Aggregation>> {
    checkSearchAggregation(this.definition, aggregation)
    checkSearchSelection(this.definition, selection)
    const rows = await this.#at(async ({ table }) => {
      const { text, values } = aggregateOf(this.definition, table, { aggregation, selection })
      return await this.#tables.database.query<Record<string, number | null>>(text, values)
    })
    return countsOf(aggregation, rows) as SearchCounts<Aggregation>
  }

  /** What is committed is found. */
  async refresh(): Promise<void> {
    await this.#at(async (place) => await Promise.resolve(place))
  }

  async eraseSubject(subject: string): Promise<number> {
    checkSubject(subject)
    if (subjectFields(this.definition).length === 0)
      throw new ConfigurationError(`search index ${this.definition.name}.fields`, 'name no subject')
    const { database } = this.#tables
    let erased = 0
    for (const { run, fingerprint } of await readBuilds(database, this.#tables)) {
      const table = documentsOf(this.#tables, run)
      const statement = eraseStatement(fingerprint, table)
      if (statement === undefined) continue
      try {
        erased += await database.execute(statement, [subject])
        // Otherwise rows and words as they were stay in the file until somebody writes over them.
        await database.script(`vacuum ${table}`)
      } catch (error) {
        // A build that was removed meanwhile has nothing of the subject left.
        if (!hasSqlState(error, sqlState.undefinedTable)) throw error
      }
    }
    return erased
  }

  async purge({ deletedBeforeMs }: { readonly deletedBeforeMs: number }): Promise<number> {
    checkWhole('options.deletedBeforeMs', deletedBeforeMs, { min: 0 })
    return await this.#at(
      async ({ table }) =>
        await this.#tables.database.execute(
          `delete from ${table} where deleted_at <= clock_timestamp() - $1 * interval '1 ms'`,
          [deletedBeforeMs],
        ),
    )
  }

  async segments(): Promise<readonly SearchSegment[]> {
    return await this.#at(async ({ run }) => await readSegments(this.#tables, run))
  }

  async rollover(options: RolloverOptions): Promise<boolean> {
    for (const limit of ['maxDocuments', 'maxBytes', 'maxAgeMs'] as const)
      if (options[limit] !== undefined) checkWhole(`options.${limit}`, options[limit], { min: 0 })
    if (this.definition.series !== true)
      throw new ConfigurationError(`search index ${this.definition.name}.series`, 'must be true to roll over')
    return await this.#at(async (place) => await closeSegment(this.#tables, place, options))
  }

  async dropSegments({ closedBeforeMs }: { readonly closedBeforeMs: number }): Promise<number> {
    checkWhole('options.closedBeforeMs', closedBeforeMs, { min: 0 })
    return await this.#at(async (place) => await removeSegments(this.#tables, place, closedBeforeMs))
  }

  async #upsert(writes: readonly SearchWrite[]): Promise<readonly string[]> {
    const { database, schema } = this.#tables
    const segments = inSchema(':schema.search_segments', schema)
    const rows = await this.#at(async ({ table, run }) => {
      const { text, values } = upsertOf(this.definition, { table, segments, run }, writes)
      return await database.query<{ id: string }>(text, values)
    })
    return rows.map(({ id }) => id)
  }

  /** Does the work on the build's table, and once more where another build has taken its place. */
  async #at<Answer>(work: (place: Place) => Promise<Answer>): Promise<Answer> {
    try {
      return await work(await this.#placed())
    } catch (error) {
      if (!hasSqlState(error, sqlState.undefinedTable)) throw error
      this.#place = undefined
      return await work(await this.#placed())
    }
  }

  async #placed(): Promise<Place> {
    this.#place ??= this.#find()
    try {
      return await this.#place
    } catch (error) {
      this.#place = undefined
      throw error
    }
  }

  async #find(): Promise<Place> {
    const { name, version } = this.definition
    const builds = await readBuilds(this.#tables.database, this.#tables)
    const target = this.#target
    const build = builds.find(({ live, run }) => (target === 'live' ? live : run === target))
    if (build === undefined) throw new ConnectionError(`search index ${name} is gone`)
    if (build.version !== version)
      throw new ConnectionError(
        `search index ${name} is read in version ${build.version}; this process uses version ${version}`,
      )
    return { run: build.run, table: documentsOf(this.#tables, build.run) }
  }
}

function countsOf(aggregation: SearchAggregation, rows: readonly Record<string, number | null>[]): unknown {
  if ('stats' in aggregation) {
    const { count = 0, min, max, sum = 0 } = rows[0] ?? {}
    return { count, min: min ?? undefined, max: max ?? undefined, sum }
  }
  if ('dates' in aggregation) return rows.map(({ value, count }) => ({ from: new Date(value ?? 0), count }))
  return rows.map(({ value, count }) => ({ value, count }))
}
