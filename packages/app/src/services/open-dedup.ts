import { dedupWhenAway } from '@millrace/contracts'
import type { Dedup } from '@millrace/contracts'
import { openPostgresDedup } from '@millrace/postgres'
import type { SqlDatabase } from '@millrace/postgres'

import { WhenAsked } from '../open/when-asked.ts'
import type { Settings } from '../settings/settings.ts'
import type { RedisLink } from './redis-link.ts'

/** Foreign ids that are opened when somebody claims one, and close. */
export type OpenDedup = Dedup & AsyncDisposable

/** What {@link openAppDedup} works with. */
export interface DedupRequest {
  readonly settings: Settings
  readonly database: SqlDatabase
  readonly mode: 'run' | 'inspect'
  readonly redis: RedisLink | undefined
}

async function onPostgres({ database, mode }: DedupRequest): Promise<Dedup> {
  return await openPostgresDedup({ database, migrate: mode === 'run' ? 'run' : 'refuse' })
}

async function onRedis(redis: RedisLink, settings: Settings, signal: AbortSignal): Promise<Dedup> {
  const { openRedisDedup } = await import('@millrace/redis')
  const dedup = openRedisDedup({ connection: await redis.get() })
  return dedupWhenAway(dedup, { whenAway: settings.dedupWhenAway.value, signal })
}

/** The app's foreign ids, as the settings say; what waits for Redis ends with the app. */
export function openAppDedup(request: DedupRequest): OpenDedup {
  const { settings, redis } = request
  const ttlMs = settings.dedupTtlSeconds.value * 1000
  const end = new AbortController()
  const opened = new WhenAsked(async () => {
    const dedup = redis === undefined ? await onPostgres(request) : await onRedis(redis, settings, end.signal)
    return { dedup, [Symbol.asyncDispose]: async () => await Promise.resolve() }
  })
  const get = async (): Promise<Dedup> => (await opened.get()).dedup
  return {
    claim: async (source, ids, options) => await (await get()).claim(source, ids, { ttlMs, ...options }),
    done: async (source, entries, options) =>
      await (await get()).done(source, entries, { ttlMs, ...options }),
    release: async (source, ids, owner) => await (await get()).release(source, ids, owner),
    [Symbol.asyncDispose]: async () => {
      end.abort(new DOMException('the app was closed', 'AbortError'))
      await Promise.resolve()
    },
  }
}
