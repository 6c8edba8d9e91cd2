import { setTimeout as delay } from 'node:timers/promises'

import { createIdFactory } from '@millrace/contracts'
import { openJetStreamStore } from '@millrace/jetstream'
import type { JetStreamStore } from '@millrace/jetstream'
import { jetstreamManager } from '@nats-io/jetstream'
import type { JetStreamManager } from '@nats-io/jetstream'
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

const leadershipMs = 20_000

/** Makes a replicated stream's leader the server that this connection speaks with. */
async function lead(connection: NatsConnection, manager: JetStreamManager, stream: string): Promise<void> {
  const home = connection.info?.server_name
  const deadline = performance.now() + leadershipMs
  for (;;) {
    // While an election is under way nobody answers: then it is asked again.
    let problem: unknown
    try {
      const { cluster } = await manager.streams.info(stream)
      if (cluster?.leader === home) return
      const request = JSON.stringify({ placement: { preferred: home } })
      await connection.request(`$JS.API.STREAM.LEADER.STEPDOWN.${stream}`, request, { timeout: 2000 })
    } catch (error) {
      problem = error
    }
    if (performance.now() > deadline)
      throw new Error(`${stream} is not led by ${home} after ${leadershipMs} ms`, { cause: problem })
    await delay(50)
  }
}

/**
 * Fresh streams on both sides, with the same settings where they matter for speed: everybody speaks with one server, and
 * it leads both streams. A hop to another one costs a third of an append's rate, which would be luck otherwise.
 */
export async function openArena({ urls, replicas }: Venue): Promise<Arena> {
  const [url = ''] = urls
  const [ours, theirs] = [`ours_${mint().toLowerCase()}`, `theirs_${mint().toLowerCase()}`]
  const connection = await connect({ servers: [url], noAsyncTraces: true })
  const manager = await jetstreamManager(connection)
  const store = await openJetStreamStore({ servers: [url], name: ours, replicas })
  await manager.streams.add({
    name: theirs,
    subjects: [`${theirs}.>`],
    num_replicas: replicas,
    allow_direct: true,
  })
  if (replicas > 1) for (const stream of [ours, theirs]) await lead(connection, manager, stream)
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
