import { createIdFactory } from '@millrace/contracts'
import { openJetStreamStore } from '@millrace/jetstream'
import type { JetStreamStore } from '@millrace/jetstream'
import { jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import type { NatsConnection } from '@nats-io/transport-node'

import type { Venue } from './bench-servers.ts'

/** A stream of our store, and one that the yardstick writes, on the same servers. */
export interface Arena extends AsyncDisposable {
  readonly store: JetStreamStore
  /** The JetStream stream of our store. */
  readonly ours: string
  /** The yardstick's; every subject in it begins with its name. */
  readonly theirs: string
  /** The yardstick's own connection, without the stack traces that cost half of its rate. */
  readonly connection: NatsConnection
  readonly url: string
}

const mint = createIdFactory()

/** Fresh streams on both sides, with the same settings where they matter for speed. */
export async function openArena({ urls, replicas }: Venue): Promise<Arena> {
  const [url = ''] = urls
  const [ours, theirs] = [`ours_${mint().toLowerCase()}`, `theirs_${mint().toLowerCase()}`]
  const connection = await connect({ servers: [...urls], noAsyncTraces: true })
  const manager = await jetstreamManager(connection)
  const store = await openJetStreamStore({ servers: urls, name: ours, replicas })
  await manager.streams.add({
    name: theirs,
    subjects: [`${theirs}.>`],
    num_replicas: replicas,
    allow_direct: true,
  })
  return {
    store,
    ours,
    theirs,
    connection,
    url,
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]()
      await manager.streams.delete(ours)
      await manager.streams.delete(theirs)
      await connection.close()
    },
  }
}
