import { randomBytes } from 'node:crypto'

import { defineEvents } from '@millrace/contracts'
import type { EventStore } from '@millrace/contracts'
import { openPostgresChain, openPostgresStore, openPostgresSubjectKeys } from '@millrace/postgres'
import { createPrivacy, definePersonalData, localKeyProvider } from '@millrace/privacy'
import { z } from 'zod'

import type { Contest, Sides } from '../harness/contest.ts'
import { atOnce } from '../harness/samplers.ts'
import { openArena, schemas } from './arena.ts'
import type { Arena } from './arena.ts'
import type { DurablePostgres } from './durable-postgres.ts'
import { eventType, newEvents, streamIds } from './events.ts'

/** How many events an append has, and how many appends are under way at once. */
interface Load {
  readonly size: number
  readonly writers: number
}

/** What is done to the events beside recording them. */
type Secured = (arena: Arena) => Promise<EventStore>

const subjects = 100

/** Every event is about one of a hundred subjects, whose keys are at hand after the first time. */
const personal = definePersonalData(defineEvents({ [eventType]: z.looseObject({ id: z.string() }) }), {
  [eventType]: {
    subject: ({ id }) => `s-${Number(id.slice(-3)) % subjects}`,
    fields: { 'data.note': '', 'meta.user': '' },
  },
})

async function chained({ store, database }: Arena): Promise<EventStore> {
  const chain = await openPostgresChain({ database, schema: schemas.ours })
  await chain.enable()
  return store
}

async function encrypted({ store, database }: Arena): Promise<EventStore> {
  const keys = await openPostgresSubjectKeys({ database, schema: schemas.ours })
  const provider = localKeyProvider([{ id: 'bench', key: randomBytes(32) }])
  return createPrivacy({ personal, keys, provider }).protect(store)
}

async function open(server: DurablePostgres, { size, writers }: Load, secure: Secured): Promise<Sides> {
  const arena = await openArena(server, writers)
  const ours = await secure(arena)
  const plain = await openPostgresStore({ database: arena.database, schema: schemas.theirs })
  const events = newEvents(size)
  const append = (store: EventStore) => {
    const nextId = streamIds('order')
    return atOnce({ workers: writers, size }, () =>
      store.append(nextId(), events, { expectedVersion: 'no-stream' }),
    )
  }
  return {
    measured: append(ours),
    yardstick: append(plain),
    [Symbol.asyncDispose]: async () => {
      await plain[Symbol.asyncDispose]()
      await arena[Symbol.asyncDispose]()
    },
  }
}

const loads: readonly Load[] = [
  { size: 1, writers: 1 },
  { size: 1, writers: 16 },
  { size: 100, writers: 1 },
]

const ways: Readonly<Record<string, Secured>> = {
  chained,
  encrypted,
  'chained and encrypted': async (arena) => {
    await chained(arena)
    return await encrypted(arena)
  },
}

/** What a hash chain and encrypted fields cost an append, against the same append without them. */
export function securedContests(server: DurablePostgres): readonly Contest[] {
  return Object.entries(ways).flatMap(([way, secure]) =>
    loads.map((load): Contest => ({
      name: `postgres ${way} append(${load.size}), ${load.writers} ${load.writers === 1 ? 'writer' : 'writers'}`,
      unit: 'events/s',
      yardstick: 'the same append, neither chained nor encrypted',
      sampleMs: 250,
      open: async () => await open(server, load, secure),
    })),
  )
}
