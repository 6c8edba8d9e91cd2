import { newAppPlace } from '@millrace/tools/apps'
import type { AppPlace } from '@millrace/tools/apps'
import { inject } from 'vitest'

async function elasticsearchUrl(): Promise<string> {
  const answer = await fetch(`${inject('onDemand')}/elasticsearch`)
  const text = await answer.text()
  if (!answer.ok) throw new Error(text)
  return text
}

/** The servers: tables and state on Postgres, events on JetStream, cache on Redis, documents on Elasticsearch. */
async function newServerPlace(): Promise<AppPlace> {
  const place = await newAppPlace({
    app: 'orders',
    kind: 'jetstream',
    servers: inject('servers'),
    state: 'postgres',
  })
  const { NATS_STREAM: name = '' } = place.env
  const services = {
    MILLRACE_REDIS_URL: inject('redis'),
    MILLRACE_REDIS_PREFIX: name,
    MILLRACE_ELASTICSEARCH_URL: await elasticsearchUrl(),
    MILLRACE_SEARCH_PREFIX: name,
  }
  return {
    env: { ...place.env, ...services },
    [Symbol.asyncDispose]: async () => await place[Symbol.asyncDispose](),
  }
}

/** Where the orders are tried: in one process, or with everything on servers. It is gone when it is disposed. */
export async function newPlace(kind: 'embedded' | 'servers'): Promise<AppPlace> {
  if (kind === 'servers') return await newServerPlace()
  return await newAppPlace({ app: 'orders', kind, servers: inject('servers') })
}

/** A database on the shared Postgres, for several processes of the app. */
export async function newSharedPlace(): Promise<AppPlace> {
  return await newAppPlace({ app: 'orders', kind: 'postgres', servers: inject('servers') })
}
