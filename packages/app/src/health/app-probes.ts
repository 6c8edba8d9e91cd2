import type { SearchStore } from '@millrace/contracts'
import type { JetStreamStore } from '@millrace/jetstream'
import type { SqlDatabase } from '@millrace/postgres'

import type { Storage } from '../open/storage.ts'
import type { RedisLink } from '../services/redis-link.ts'
import type { Settings } from '../settings/settings.ts'
import type { Finding, Probe } from './component.ts'

/** What {@link appProbes} looks at. */
export interface Probed {
  readonly settings: Settings
  readonly storage: Storage
  readonly database: SqlDatabase
  readonly jetstream: Pick<JetStreamStore, 'health'> | undefined
  readonly redis: RedisLink | undefined
  readonly search: SearchStore
}

function databaseProbe({ settings, storage, database, jetstream }: Probed): Probe {
  const { redisUrl, elasticsearchUrl, projectionLockDriver } = settings
  return {
    name: 'database',
    serves: [
      ...(jetstream === undefined ? ['events'] : []),
      'state',
      ...(redisUrl.value === undefined ? ['dedup', 'jobs'] : []),
      ...(elasticsearchUrl.value === undefined ? ['search'] : []),
      ...(projectionLockDriver.value === 'database' ? ['locks'] : []),
    ],
    vital: true,
    look: async () => {
      await database.query('select 1')
      return { degraded: false, detail: `${storage.state.kind} ${storage.state.place} answers` }
    },
  }
}

function eventsProbe({ storage, jetstream }: Probed): readonly Probe[] {
  if (jetstream === undefined) return []
  const look = async (): Promise<Finding> => {
    const { replicas } = await jetstream.health()
    const late = replicas.filter(({ current }) => !current).length
    const detail = late === 0 ? 'answers' : `answers; ${late} of its copies are not current`
    return { degraded: late > 0, detail: `jetstream ${storage.place} ${detail}` }
  }
  return [{ name: 'events', serves: ['events'], vital: true, look }]
}

function redisProbe({ settings, redis }: Probed): readonly Probe[] {
  if (redis === undefined) return []
  const locks = settings.projectionLockDriver.value === 'redis' ? ['locks'] : []
  const look = async (): Promise<Finding> => {
    const connection = await redis.get()
    await connection.send(async (client) => await client.ping())
    return { degraded: false, detail: `${connection.server} answers` }
  }
  return [{ name: 'redis', serves: ['cache', 'dedup', 'jobs', ...locks], vital: false, look }]
}

function searchProbe({ settings, search }: Probed): readonly Probe[] {
  if (settings.elasticsearchUrl.value === undefined) return []
  const look = async (): Promise<Finding> => {
    const { status, detail } = await search.health()
    if (status === 'down') throw new Error(detail)
    return { degraded: status === 'degraded', detail }
  }
  return [{ name: 'search', serves: ['search'], vital: false, look }]
}

/** What an app looks at: its database, and every server that its settings name. */
export function appProbes(parts: Probed): readonly Probe[] {
  return [databaseProbe(parts), ...eventsProbe(parts), ...redisProbe(parts), ...searchProbe(parts)]
}
