import type { EventStore, Serializer } from '@millrace/contracts'
import { openJetStreamStore } from '@millrace/jetstream'
import { openMemoryStore } from '@millrace/memory'
import { openPglite, openPostgresStore } from '@millrace/postgres'
import { connect } from '@nats-io/transport-node'
import { inject } from 'vitest'

import { fresh } from './cart.ts'

/** A store, and what is behind it. */
export interface OpenStore extends AsyncDisposable {
  readonly store: EventStore
}

/** The servers of JetStream that the tests were given. */
export function natsServers(): readonly string[] {
  return inject('servers').nats.split(',')
}

/** Removes a JetStream stream. */
export async function dropStream(name: string): Promise<void> {
  const connection = await connect({ servers: [...natsServers()] })
  try {
    await connection.request(`$JS.API.STREAM.DELETE.${name}`)
  } finally {
    await connection.close()
  }
}

async function openOnJetStream(serializer: Serializer): Promise<OpenStore> {
  const name = fresh('cbor')
  const store = await openJetStreamStore({ servers: natsServers(), name, serializer })
  return {
    store,
    [Symbol.asyncDispose]: async () => {
      await store[Symbol.asyncDispose]()
      await dropStream(name)
    },
  }
}

async function openOnPglite(serializer: Serializer): Promise<OpenStore> {
  const database = await openPglite('memory')
  const store = await openPostgresStore({ database, serializer })
  return {
    store,
    [Symbol.asyncDispose]: async () => {
      await store[Symbol.asyncDispose]()
      await database[Symbol.asyncDispose]()
    },
  }
}

async function openInMemory(serializer: Serializer): Promise<OpenStore> {
  const store = await openMemoryStore({ serializer })
  return { store, [Symbol.asyncDispose]: () => store[Symbol.asyncDispose]() }
}

/** Every kind of store, opened with a serializer. */
export const stores: Readonly<Record<string, (serializer: Serializer) => Promise<OpenStore>>> = {
  memory: openInMemory,
  PGlite: openOnPglite,
  JetStream: openOnJetStream,
}
