import type { Dedup } from '@millrace/contracts'
import { openPg, openPostgresDedup } from '@millrace/postgres'
import { openRedis, openRedisDedup } from '@millrace/redis'

/** Where foreign ids lie; crosses the border of a process. */
export type DedupPlace =
  | { readonly kind: 'redis'; readonly url: string; readonly prefix: string }
  | { readonly kind: 'postgres'; readonly url: string; readonly schema: string }

/** Opens a store over a connection of its own. */
export async function openDedup(place: DedupPlace): Promise<{ readonly dedup: Dedup } & AsyncDisposable> {
  if (place.kind === 'redis') {
    const connection = await openRedis(place)
    const dedup = openRedisDedup({ connection })
    return { dedup, [Symbol.asyncDispose]: async () => await connection[Symbol.asyncDispose]() }
  }
  const database = await openPg({ url: place.url })
  const dedup = await openPostgresDedup({ database, schema: place.schema })
  return { dedup, [Symbol.asyncDispose]: async () => await database[Symbol.asyncDispose]() }
}
