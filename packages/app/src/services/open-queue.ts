import { ConnectionError } from '@millrace/contracts'
import type { JobQueue, JobRetryPolicy } from '@millrace/contracts'
import { openPostgresQueue } from '@millrace/postgres'
import type { SqlDatabase, SqlTransaction } from '@millrace/postgres'

import { WhenAsked } from '../open/when-asked.ts'
import { NamedQueues, otherJobs } from './app-queue.ts'
import type { AppQueue } from './app-queue.ts'
import type { RedisLink } from './redis-link.ts'

/** What {@link openAppQueue} works with. */
export interface QueueRequest {
  readonly database: SqlDatabase
  readonly mode: 'run' | 'inspect'
  readonly redis: RedisLink | undefined
  /** The names that the definition has handlers for, each with how often its jobs are tried. */
  readonly names: ReadonlyMap<string, JobRetryPolicy | undefined>
}

interface Named {
  readonly name: string
  readonly retry?: JobRetryPolicy
}

async function onRedis(redis: RedisLink, named: Named): Promise<JobQueue<SqlTransaction>> {
  const { openRedisQueue } = await import('@millrace/redis')
  const connection = await redis.get()
  // A queue that is opened meanwhile would wait for the server, and its callers with it.
  if (!connection.isReady) throw new ConnectionError(`Redis at ${connection.server} cannot be reached`)
  return openRedisQueue({ connection, ...named })
}

async function open(
  { database, mode, redis }: QueueRequest,
  named: Named,
): Promise<JobQueue<SqlTransaction>> {
  if (redis !== undefined) return await onRedis(redis, named)
  return await openPostgresQueue({ database, migrate: mode === 'run' ? 'run' : 'refuse', ...named })
}

/** The app's jobs, as the settings say; each queue is opened when somebody asks for it. */
export function openAppQueue(request: QueueRequest): AppQueue {
  const all = new Map([[otherJobs, undefined], ...request.names])
  const queues = [...all].map(([name, retry]) => {
    const named = { name, ...(retry === undefined ? {} : { retry }) }
    return [name, new WhenAsked(async () => await open(request, named))] as const
  })
  return new NamedQueues(new Map(queues))
}
