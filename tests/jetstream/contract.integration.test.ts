import { eventStoreContract } from '@millrace/conformance'
import { startNatsCluster } from '@millrace/tools/services'
import type { NatsCluster } from '@millrace/tools/services'
import { afterAll } from 'vitest'

import { openTarget } from './support/store-target.ts'
import { freshName } from './support/topologies.ts'

const name = freshName('contract')
let starting: Promise<NatsCluster> | undefined
let urls: readonly string[] = []
let opened = 0

afterAll(async () => {
  const cluster = await starting
  await cluster?.[Symbol.asyncDispose]()
})

/** Every opener meets another node first. */
function nextTarget(): object {
  const first = (opened += 1) % urls.length
  const [server = ''] = urls.slice(first)
  return { servers: [server], name, replicas: 3 }
}

eventStoreContract({
  name: 'the JetStream store, three replicas on a cluster of three servers',
  open: async () => {
    urls = (await (starting ??= startNatsCluster())).urls
    return await openTarget({ servers: urls, name, replicas: 3 })
  },
  durability: { kind: 'durable', why: 'files on three servers' },
  lanes: {
    kind: 'processes',
    why: 'a cluster takes many clients, each connected to another server',
    opener: {
      module: new URL('support/store-target.ts', import.meta.url).href,
      export: 'openTarget',
      argument: nextTarget,
    },
  },
  capabilities: { multiStreamCommits: true },
})
