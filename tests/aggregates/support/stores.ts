import { createIdFactory } from '@millrace/contracts'
import { openPg } from '@millrace/postgres'
import { startNatsCluster } from '@millrace/tools/services'
import { afterAll, beforeAll, inject } from 'vitest'

import type { StoreTarget } from './store-target.ts'

/** Stores that several processes can share: Postgres, one NATS server, and three that replicate each stream. */
export const sharedStores = ['postgres', 'jetstream R1', 'jetstream R3'] as const

/** One of {@link sharedStores}. */
export type SharedStore = (typeof sharedStores)[number]

interface Stage extends AsyncDisposable {
  readonly target: StoreTarget
}

const mint = createIdFactory()

async function openStage(kind: SharedStore): Promise<Stage> {
  const name = `aggregates_${mint().toLowerCase()}`
  if (kind === 'postgres') return postgresStage(name)
  if (kind === 'jetstream R1')
    return {
      target: { kind: 'jetstream', servers: [inject('servers').nats], name, replicas: 1 },
      [Symbol.asyncDispose]: async () => {},
    }
  const cluster = await startNatsCluster({})
  return {
    target: { kind: 'jetstream', servers: cluster.nodes.map(({ url }) => url), name, replicas: 3 },
    [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose](),
  }
}

function postgresStage(schema: string): Stage {
  const url = inject('servers').postgres
  return {
    target: { kind: 'postgres', url, schema },
    [Symbol.asyncDispose]: async () => {
      await using database = await openPg({ url, poolSize: 1 })
      await database.script(`drop schema if exists ${schema} cascade`)
    },
  }
}

/** Provides a new store for the tests of a `describe`; to be asked for inside a test. */
export function useStore(kind: SharedStore): () => StoreTarget {
  let stage: Stage | undefined
  // Long enough for a cluster to form on a busy machine.
  beforeAll(async () => {
    stage = await openStage(kind)
  }, 120_000)
  afterAll(async () => {
    await stage?.[Symbol.asyncDispose]()
  })
  return () => {
    if (stage === undefined)
      throw new Error('the store is there before the tests, not while they are declared')
    return stage.target
  }
}
