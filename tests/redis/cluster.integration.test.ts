import { dedupContract, lockDriverContract } from '@millrace/conformance'
import { openRedisDedup, openRedisLocks } from '@millrace/redis'
import { expect, test } from 'vitest'

import { openCluster } from './support/one-node-cluster.ts'

test('the cluster of these tests refuses keys of several slots', async () => {
  await using cluster = await openCluster()
  const asked = cluster.connection.send(async (client) => await client.mget('a', 'b'))
  await expect(asked).rejects.toThrow('CROSSSLOT')
})

lockDriverContract({
  name: 'locks on a cluster',
  open: async () => {
    const cluster = await openCluster()
    const { connection } = cluster
    return {
      driver: openRedisLocks({ connection }),
      [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose](),
    }
  },
})

dedupContract({
  name: 'dedup on a cluster',
  open: async () => {
    const cluster = await openCluster()
    const { connection } = cluster
    return {
      dedup: openRedisDedup({ connection }),
      [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose](),
    }
  },
})
