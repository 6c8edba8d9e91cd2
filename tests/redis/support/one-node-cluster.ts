import { openRedis } from '@millrace/redis'
import type { RedisConnection } from '@millrace/redis'
import { startRedis } from '@millrace/tools/services'
import { vi } from 'vitest'

/**
 * A cluster of one server, which has all slots: it refuses a command or script whose keys lie in several, as a larger one
 * does.
 */
export async function openCluster(): Promise<{ readonly connection: RedisConnection } & AsyncDisposable> {
  await using stack = new AsyncDisposableStack()
  const settings = { 'cluster-enabled': 'yes', 'cluster-require-full-coverage': 'no' }
  const server = stack.use(await startRedis({ settings }))
  const connection = stack.use(await openRedis({ url: server.url }))
  await connection.client.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383')
  // A node takes no writes for its first two seconds.
  await vi.waitUntil(
    async () => (await connection.client.cluster('INFO')).includes('cluster_state:ok'),
    10_000,
  )
  const opened = stack.move()
  return { connection, [Symbol.asyncDispose]: async () => await opened.disposeAsync() }
}
