import type { JobQueue } from '@millrace/contracts'
import { openPg, openPostgresQueue } from '@millrace/postgres'
import { openRedis, openRedisQueue } from '@millrace/redis'

/** Where jobs lie; crosses the border of a process. */
export type QueuePlace =
  | { readonly kind: 'redis'; readonly url: string; readonly prefix: string }
  | { readonly kind: 'postgres'; readonly url: string; readonly schema: string }

const settings = { leaseMs: 400, retry: { maxAttempts: 3, initialMs: 20 } } as const

/** What is the same of every queue. */
type AnyQueue = Omit<JobQueue, 'enqueue'> & {
  readonly enqueue: (
    name: string,
    data: number,
    options?: { readonly idempotencyKey?: string },
  ) => Promise<{ readonly id: string }>
}

/** Opens a queue over a connection of its own. */
export async function openQueue(place: QueuePlace): Promise<{ readonly queue: AnyQueue } & AsyncDisposable> {
  await using stack = new AsyncDisposableStack()
  if (place.kind === 'redis') {
    const connection = stack.use(await openRedis(place))
    const queue = stack.use(openRedisQueue({ connection, ...settings }))
    const opened = stack.move()
    return { queue, [Symbol.asyncDispose]: async () => await opened.disposeAsync() }
  }
  const database = stack.use(await openPg({ url: place.url }))
  const { schema } = place
  const queue = stack.use(await openPostgresQueue({ database, schema, pollMs: 50, ...settings }))
  const opened = stack.move()
  return { queue, [Symbol.asyncDispose]: async () => await opened.disposeAsync() }
}
