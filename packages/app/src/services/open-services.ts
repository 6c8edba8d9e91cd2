import { noMetrics } from '@millrace/contracts'
import type { JobRetryPolicy, LockDriver } from '@millrace/contracts'
import type { SqlDatabase } from '@millrace/postgres'
import type { OpenMetrics } from '@millrace/telemetry'

import { countedDedup, countedLocks, observeAppQueue, openAppMetrics } from '../metrics/open-app-metrics.ts'
import { openLocks } from '../open/open-locks.ts'
import { OpenSearchIndexes } from '../search-indexes/app-search-indexes.ts'
import type { AppSearchIndex } from '../search-indexes/index-definition.ts'
import type { Settings } from '../settings/settings.ts'
import type { AppServices } from './app-services.ts'
import { openAppCache } from './open-cache.ts'
import { openAppDedup } from './open-dedup.ts'
import { openAppQueue } from './open-queue.ts'
import { openAppSearch } from './open-search.ts'
import { redisLink } from './redis-link.ts'
import type { RedisLink } from './redis-link.ts'

/** What {@link openServices} works with. */
export interface ServicesRequest {
  readonly settings: Settings
  readonly database: SqlDatabase
  readonly mode: 'run' | 'inspect'
  /** Names of jobs that have a queue of their own, each with how often its jobs are tried. */
  readonly jobs: ReadonlyMap<string, JobRetryPolicy | undefined>
  readonly indices: readonly AppSearchIndex[]
}

/** An app's services, its locks, and what closes them. */
export interface OpenServices extends AppServices, AsyncDisposable {
  readonly searchIndexes: OpenSearchIndexes
  readonly locks: LockDriver
  /** Undefined where the settings name no Redis server. */
  readonly redis: RedisLink | undefined
  /** Undefined where nothing runs. */
  readonly metrics: OpenMetrics | undefined
}

/** The app's services; those on a server are connected to when somebody asks them for something. */
export async function openServices({ jobs, indices, ...given }: ServicesRequest): Promise<OpenServices> {
  const redis = redisLink(given.settings)
  const request = { ...given, redis }
  const metrics = await openAppMetrics(request.mode)
  const counted = metrics ?? noMetrics
  const locks = countedLocks(await openLocks(request), counted)
  const cache = openAppCache(request.settings, redis, counted)
  const dedup = countedDedup(openAppDedup(request), counted)
  const queue = openAppQueue({ ...request, names: jobs })
  const observed = observeAppQueue(queue, counted)
  const search = openAppSearch(request)
  const { database } = request
  const searchIndexes = new OpenSearchIndexes({ indices, store: search, database, metrics: counted })
  return {
    locks,
    redis,
    metrics,
    cache,
    dedup,
    queue,
    search,
    searchIndexes,
    [Symbol.asyncDispose]: async () => {
      observed[Symbol.dispose]()
      for (const service of [queue, dedup, cache, search, locks]) await service[Symbol.asyncDispose]()
      await redis?.[Symbol.asyncDispose]()
      await metrics?.[Symbol.asyncDispose]()
    },
  }
}
