import type { Outage } from './run-outage.ts'
import type { ShopScene } from './shop-scene.ts'

/** A server that can be stopped and comes back where it was, with its data. */
interface Stoppable {
  readonly stop: () => Promise<void>
  readonly start: () => Promise<void>
}

/** The servers of a scene. */
export interface StoppableServers {
  readonly postgres: Stoppable
  readonly redis: Stoppable
  readonly elasticsearch: Stoppable
}

/** The four outages that an app has to survive. */
export function outagesOf(scene: ShopScene, servers: StoppableServers): readonly Outage[] {
  const { fragile } = scene
  return [
    {
      name: 'Elasticsearch stopped',
      hits: ['find'],
      begin: servers.elasticsearch.stop,
      end: servers.elasticsearch.start,
      component: 'search',
      destination: 'search',
    },
    {
      name: 'Redis stopped',
      hits: ['mail', 'remember'],
      begin: servers.redis.stop,
      end: servers.redis.start,
      component: 'redis',
      destination: 'job',
    },
    {
      name: 'a receiver hanging',
      hits: ['fragile'],
      begin: async () => fragile.behave({ kind: 'hang' }),
      end: async () => fragile.behave({ kind: 'answer', status: 200 }),
      destination: fragile.host,
    },
    {
      name: 'PostgreSQL restarted',
      hits: [],
      begin: servers.postgres.stop,
      end: servers.postgres.start,
      component: 'database',
    },
  ]
}
