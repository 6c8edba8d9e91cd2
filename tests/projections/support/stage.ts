import { createEventDecoder, createIdFactory } from '@millrace/contracts'
import type { EventStore, ProcessorStore, ProjectionStore } from '@millrace/contracts'
import { openJetStreamStore } from '@millrace/jetstream'
import { openMemoryProcessorStore, openMemoryProjectionStore, openMemoryStore } from '@millrace/memory'
import {
  openPg,
  openPglite,
  openPostgresStore,
  openProcessorStore,
  openProjectionStore,
} from '@millrace/postgres'
import type { SqlDatabase } from '@millrace/postgres'
import { createProcessorRuntime } from '@millrace/processing'
import type { ProcessorRuntime, ProcessorRuntimeOptions } from '@millrace/processing'
import { openProjections } from '@millrace/projections'
import type { Projection, Projections, ProjectionsOptions } from '@millrace/projections'
import { inject } from 'vitest'

/** Where the tests of this workspace keep their read models. */
export const modelKinds = ['memory', 'pglite', 'postgres'] as const

/** Those in SQL. */
export const sqlKinds = ['pglite', 'postgres'] as const

/** Read models of a log that is on JetStream. */
export const jetStreamKinds = ['memory beside JetStream', 'postgres beside JetStream'] as const

/** One of {@link modelKinds} or {@link jetStreamKinds}. */
export type ModelKind = (typeof modelKinds)[number] | (typeof jetStreamKinds)[number]

const mint = createIdFactory()

/** A name nothing else uses. */
export function fresh(prefix: string): string {
  return `${prefix}_${mint().toLowerCase().slice(-12)}`
}

/** Projections at work, and what runs them. */
interface Running extends AsyncDisposable {
  readonly runtime: ProcessorRuntime
  readonly projections: Projections
}

type RunOptions = Partial<Pick<ProcessorRuntimeOptions, 'batchSize' | 'decode' | 'leaseTtlMs'>> &
  Partial<Pick<ProjectionsOptions, 'batchWorkers' | 'pollMs' | 'switchMs' | 'keepRetired'>>

/** Events, and what is built from them. */
export interface Stage extends AsyncDisposable {
  readonly kind: ModelKind
  readonly events: EventStore
  readonly models: ProjectionStore
  readonly processors: ProcessorStore
  readonly schema: string
  /** @throws in memory */
  readonly database: SqlDatabase
  run(projections: readonly Projection[], options?: RunOptions): Promise<Running>
}

interface Stores extends Pick<Stage, 'events' | 'models' | 'processors' | 'schema' | 'database'> {
  readonly close: () => Promise<void>
}

async function memoryStores(): Promise<Stores> {
  const events = await openMemoryStore()
  return {
    events,
    models: openMemoryProjectionStore(),
    processors: openMemoryProcessorStore(),
    schema: 'none',
    get database(): SqlDatabase {
      throw new Error('there is no database in memory')
    },
    close: async () => await events[Symbol.asyncDispose](),
  }
}

async function sqlStores(kind: 'pglite' | 'postgres'): Promise<Stores> {
  const schema = fresh('stage')
  const database =
    kind === 'postgres' ? await openPg({ url: inject('servers').postgres }) : await openPglite('memory')
  const events = await openPostgresStore({ database, schema })
  return {
    database,
    schema,
    events,
    processors: await openProcessorStore({ database, schema }),
    models: await openProjectionStore({ database, schema, modelSchema: schema }),
    close: async () => {
      await events[Symbol.asyncDispose]()
      await database.script(`drop schema if exists ${schema} cascade`)
      await database[Symbol.asyncDispose]()
    },
  }
}

/** The events on JetStream instead. */
async function jetStreamStores(stores: Stores): Promise<Stores> {
  const events = await openJetStreamStore({ servers: inject('servers').nats, name: fresh('stage') })
  const { models, processors, schema } = stores
  return {
    models,
    processors,
    schema,
    get database() {
      return stores.database
    },
    events,
    close: async () => {
      await events[Symbol.asyncDispose]()
      await stores.close()
    },
  }
}

async function storesOf(kind: ModelKind): Promise<Stores> {
  switch (kind) {
    case 'memory':
      return await memoryStores()
    case 'memory beside JetStream':
      return await jetStreamStores(await memoryStores())
    case 'postgres beside JetStream':
      return await jetStreamStores(await sqlStores('postgres'))
    default:
      return await sqlStores(kind)
  }
}

/** Opens stores of one kind, and closes them with all that runs on them. */
export async function openStage(kind: ModelKind): Promise<Stage> {
  const stores = await storesOf(kind)
  const { events, models, processors, schema } = stores
  const running = new Set<Running>()
  return {
    kind,
    events,
    models,
    processors,
    schema,
    get database() {
      return stores.database
    },
    run: async (
      projections,
      { pollMs = 20, switchMs, batchWorkers, keepRetired = true, ...options } = {},
    ) => {
      const runtime = createProcessorRuntime({
        log: events.log,
        store: processors,
        decode: createEventDecoder(),
        processors: [],
        leaseTtlMs: 3_000,
        pollMs: 50,
        ...options,
      })
      await runtime.start()
      const opened = await openProjections({
        projections,
        models,
        processors,
        log: events.log,
        runtime,
        pollMs,
        keepRetired,
        ...(switchMs === undefined ? {} : { switchMs }),
        ...(batchWorkers === undefined ? {} : { batchWorkers }),
      }).catch(async (error: unknown) => {
        await runtime[Symbol.asyncDispose]()
        throw error
      })
      const each: Running = {
        runtime,
        projections: opened,
        [Symbol.asyncDispose]: async () => {
          running.delete(each)
          await opened[Symbol.asyncDispose]()
          await runtime[Symbol.asyncDispose]()
        },
      }
      running.add(each)
      return each
    },
    [Symbol.asyncDispose]: async () => {
      for (const each of running) await each[Symbol.asyncDispose]()
      await stores.close()
    },
  }
}
