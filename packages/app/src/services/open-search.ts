import { ConfigurationError } from '@millrace/contracts'
import type { SearchDefinition, SearchFields, SearchIndex, SearchStore } from '@millrace/contracts'
import { openPostgresSearch } from '@millrace/postgres'
import type { SqlDatabase } from '@millrace/postgres'

import { WhenAsked } from '../open/when-asked.ts'
import { nodesOf } from '../settings/service-settings.ts'
import type { Settings } from '../settings/settings.ts'

/** What {@link openAppSearch} works with. */
export interface SearchRequest {
  readonly settings: Settings
  readonly database: SqlDatabase
  readonly mode: 'run' | 'inspect'
}

/** The client takes addresses and user apart from each other. */
function connectionOf(urls: string): {
  readonly node: readonly string[]
  readonly auth?: { readonly username: string; readonly password: string }
} {
  const nodes = nodesOf(urls).map((node) => new URL(node))
  const [{ username, password } = { username: '', password: '' }] = nodes
  const node = nodes.map((url) => {
    const plain = new URL(url)
    plain.username = ''
    plain.password = ''
    return plain.href
  })
  if (username === '') return { node }
  return { node, auth: { username: decodeURIComponent(username), password: decodeURIComponent(password) } }
}

const findTables = "select to_regclass('millrace.search_builds') is not null as found"
const findIndex = 'select exists (select from millrace.search_builds where name = $1 and live) as found'

async function finds(database: SqlDatabase, text: string, values: readonly unknown[] = []): Promise<boolean> {
  const [row] = await database.query<{ found: boolean }>(text, values)
  return row?.found === true
}

/** Search in the database for who only looks: opening must create neither tables nor an index. */
async function lookedAt(database: SqlDatabase): Promise<SearchStore> {
  const missing = (name: string): ConfigurationError =>
    new ConfigurationError(`search index ${name}`, 'is not there yet: the app creates it when it runs')
  if (!(await finds(database, findTables))) throw missing('tables')
  const store = await openPostgresSearch({ database })
  return {
    open: async <Fields extends SearchFields>(
      definition: SearchDefinition<Fields>,
    ): Promise<SearchIndex<Fields>> => {
      if (!(await finds(database, findIndex, [definition.name]))) throw missing(definition.name)
      return await store.open(definition)
    },
    rebuild: async (definition) => await store.rebuild(definition),
    drop: async (name) => await store.drop(name),
    health: async () => await store.health(),
    [Symbol.asyncDispose]: async () => await store[Symbol.asyncDispose](),
  }
}

async function open({ settings, database, mode }: SearchRequest): Promise<SearchStore> {
  const url = settings.elasticsearchUrl.value
  if (url === undefined)
    return mode === 'run' ? await openPostgresSearch({ database }) : await lookedAt(database)
  // Loaded where it is used: every other start is faster without it.
  const { openElasticsearch } = await import('@millrace/elasticsearch')
  return openElasticsearch({ ...connectionOf(url), prefix: settings.searchPrefix.value })
}

/** The app's search indices, as the settings say; opened when somebody asks for one. */
export function openAppSearch(request: SearchRequest): SearchStore {
  const lazily = new WhenAsked(async () => await open(request))
  return {
    open: async (definition) => await (await lazily.get()).open(definition),
    rebuild: async (definition) => await (await lazily.get()).rebuild(definition),
    drop: async (name) => await (await lazily.get()).drop(name),
    health: async () => {
      try {
        return await (await lazily.get()).health()
      } catch (error) {
        return { status: 'down', detail: error instanceof Error ? error.message : String(error) }
      }
    },
    [Symbol.asyncDispose]: async () => await lazily[Symbol.asyncDispose](),
  }
}
