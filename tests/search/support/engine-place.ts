import type { SearchStore } from '@millrace/contracts'
import { openElasticsearch } from '@millrace/elasticsearch'
import { openPg, openPostgresSearch } from '@millrace/postgres'

/** Where an index is; crosses the border of a process. */
export type EnginePlace =
  | { readonly kind: 'elasticsearch'; readonly url: string; readonly prefix: string }
  | { readonly kind: 'postgres'; readonly url: string; readonly schema: string }

/** Opens an engine over a connection of its own. */
export async function openEngine(
  place: EnginePlace,
): Promise<{ readonly store: SearchStore } & AsyncDisposable> {
  if (place.kind === 'elasticsearch') {
    const store = openElasticsearch({ node: place.url, prefix: place.prefix, refreshMs: 200 })
    return { store, [Symbol.asyncDispose]: async () => await store[Symbol.asyncDispose]() }
  }
  const database = await openPg({ url: place.url, poolSize: 4 })
  const store = await openPostgresSearch({ database, schema: place.schema })
  return { store, [Symbol.asyncDispose]: async () => await database[Symbol.asyncDispose]() }
}
