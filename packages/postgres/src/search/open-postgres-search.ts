import { checkSearchName, ConnectionError, defineSearchIndex } from '@millrace/contracts'
import type {
  SearchBuild,
  SearchDefinition,
  SearchFields,
  SearchHealth,
  SearchIndex,
  SearchStore,
} from '@millrace/contracts'

import { inSchema, defaultSchema, parseSchemaName } from '../sql/schema-name.ts'
import type { SchemaName } from '../sql/schema-name.ts'
import type { SqlDatabase } from '../sql/sql-database.ts'
import { PostgresSearchIndex } from './postgres-search-index.ts'
import {
  addBuild,
  changeBuilds,
  checkSame,
  prepareRegistry,
  readBuilds,
  removeBuild,
} from './search-builds.ts'
import type { SearchTables } from './search-builds.ts'

/** Settings of {@link openPostgresSearch}. */
export interface PostgresSearchOptions {
  /** Stays the caller's to close. */
  readonly database: SqlDatabase
  /** The schema of the tables. @defaultValue `'millrace'` */
  readonly schema?: string
}

class PostgresSearch implements SearchStore {
  readonly #database: SqlDatabase
  readonly #schema: SchemaName

  constructor(database: SqlDatabase, schema: SchemaName) {
    this.#database = database
    this.#schema = schema
  }

  async open<Fields extends SearchFields>(
    definition: SearchDefinition<Fields>,
  ): Promise<SearchIndex<Fields>> {
    const tables = this.#tablesOf(definition)
    const known = (await readBuilds(this.#database, tables)).find(({ live }) => live)
    if (known === undefined)
      await changeBuilds(tables, async (tx, builds) => {
        const live = builds.find((build) => build.live)
        if (live === undefined) await addBuild(tx, tables, { definition, live: true })
        else checkSame(definition, live)
      })
    else checkSame(definition, known)
    return new PostgresSearchIndex(tables, definition, 'live') as unknown as SearchIndex<Fields>
  }

  async rebuild<Fields extends SearchFields>(
    definition: SearchDefinition<Fields>,
  ): Promise<SearchBuild<Fields>> {
    const tables = this.#tablesOf(definition)
    const { name, version } = definition
    const run = await changeBuilds(tables, async (tx, builds) => {
      const same = builds.filter((build) => build.version === version)
      for (const build of same) checkSame(definition, build)
      const under = same.findLast(({ live }) => !live)
      return under?.run ?? (await addBuild(tx, tables, { definition, live: false }))
    })
    return {
      name: `${name}-v${version}-r${run}`,
      index: new PostgresSearchIndex(tables, definition, run) as unknown as SearchIndex<Fields>,
      finish: async () => await this.#finish(tables, run),
      abandon: async () => await changeBuilds(tables, async (tx) => await removeBuild(tx, tables, run)),
    }
  }

  async drop(name: string): Promise<number> {
    checkSearchName(name)
    const tables = { database: this.#database, schema: this.#schema, name }
    return await changeBuilds(tables, async (tx, builds) => {
      for (const { run } of builds) await removeBuild(tx, tables, run)
      return builds.length
    })
  }

  async health(): Promise<SearchHealth> {
    try {
      await this.#database.query('select 1')
      return { status: 'ok', detail: `${this.#database.kind}: answers` }
    } catch (error) {
      return { status: 'down', detail: error instanceof Error ? error.message : String(error) }
    }
  }

  /** The database stays open: it is its opener's. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.resolve()
  }

  /** Checked again: names become parts of statements, and a definition may be a plain object. */
  #tablesOf(definition: SearchDefinition): SearchTables {
    const { name } = defineSearchIndex(definition)
    return { database: this.#database, schema: this.#schema, name }
  }

  async #finish(tables: SearchTables, run: number): Promise<void> {
    const update = inSchema('update :schema.search_builds set live = $2 where run = $1', this.#schema)
    await changeBuilds(tables, async (tx, builds) => {
      const next = builds.find((build) => build.run === run)
      if (next === undefined) throw new ConnectionError(`search index ${tables.name}: build ${run} is gone`)
      if (next.live) return
      for (const old of builds.filter(({ live }) => live)) await removeBuild(tx, tables, old.run)
      await tx.execute(update, [run, true])
    })
  }
}

/**
 * Opens search indices on the full text search of Postgres or PGlite, and creates the tables they are listed in. Nothing
 * has to be closed.
 *
 * @throws {@link ConfigurationError} for a bad setting
 */
export async function openPostgresSearch(options: PostgresSearchOptions): Promise<SearchStore> {
  const { database } = options
  const schema = parseSchemaName(options.schema ?? defaultSchema)
  await prepareRegistry(database, schema)
  return new PostgresSearch(database, schema)
}
