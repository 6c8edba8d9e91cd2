import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { createEventDecoder, decodeEvents } from '@millrace/contracts'
import type { EventStore, StreamId } from '@millrace/contracts'
import { openPglite, openPostgresStore } from '@millrace/postgres'
import type { SqlDatabase } from '@millrace/postgres'

import type { Contest, Sides } from '../harness/contest.ts'
import { atOnce } from '../harness/samplers.ts'
import { sink } from '../harness/sink.ts'
import { schemas } from './arena.ts'
import { newEvents, streamIds } from './events.ts'
import { handAppend, sendEmbedded } from './hand-append.ts'

const readEvents = 1000
const decode = createEventDecoder()

/** One embedded engine on disk with both schemas. */
interface Engine extends AsyncDisposable {
  readonly store: EventStore
  readonly database: SqlDatabase
}

async function openEngine(): Promise<Engine> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-bench-'))
  const database = await openPglite({ dataDir: join(folder, 'data') })
  const theirs = await openPostgresStore({ database, schema: schemas.theirs })
  await theirs[Symbol.asyncDispose]()
  const store = await openPostgresStore({ database, schema: schemas.ours })
  return {
    store,
    database,
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]()
      await database[Symbol.asyncDispose]()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** The embedded engine all its contests share; starts when it is first asked for, and ends with the suite. */
export class Embedded implements AsyncDisposable {
  readonly ourIds: () => StreamId = streamIds('order')
  readonly theirIds: () => StreamId = streamIds('order')
  #engine: Promise<Engine> | undefined

  async engine(): Promise<Engine> {
    this.#engine ??= openEngine()
    return await this.#engine
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Those who asked for an engine that did not start have been told.
    const engine = await this.#engine?.catch(() => undefined)
    await engine?.[Symbol.asyncDispose]()
  }
}

/** What the suite closes is not the contest's. */
async function nothing(): Promise<void> {}

async function openAppend(embedded: Embedded, size: number): Promise<Sides> {
  const { store, database } = await embedded.engine()
  const [events, byHand, send] = [newEvents(size), handAppend(schemas.theirs, size), sendEmbedded(database)]
  return {
    measured: atOnce({ workers: 1, size }, () =>
      store.append(embedded.ourIds(), events, { expectedVersion: 'no-stream' }),
    ),
    yardstick: atOnce({ workers: 1, size }, () =>
      byHand(send, { streamId: embedded.theirIds(), expected: 0 }),
    ),
    [Symbol.asyncDispose]: nothing,
  }
}

const streamText = `select version, type, payload::text as d from ${schemas.ours}.events where stream_id = $1 order by version`

async function openRead(embedded: Embedded): Promise<Sides> {
  const { store, database } = await embedded.engine()
  const streamId = embedded.ourIds()
  await store.append(streamId, newEvents(readEvents), { expectedVersion: 'no-stream' })
  const throughStore = async (): Promise<void> => {
    for await (const { data } of decodeEvents(store.read(streamId), decode)) sink.value = data
  }
  const byHand = async (): Promise<void> => {
    for (const { d } of await database.query<{ readonly d: string }>(streamText, [streamId]))
      sink.value = JSON.parse(d)
  }
  return {
    measured: atOnce({ workers: 1, size: readEvents }, throughStore),
    yardstick: atOnce({ workers: 1, size: readEvents }, byHand),
    [Symbol.asyncDispose]: nothing,
  }
}

/** The same store on the embedded engine, whose one thread is also ours. */
export function pgliteContests(embedded: Embedded): readonly Contest[] {
  const appends = [1, 100].map((size): Contest => ({
    name: `pglite append(${size}), on disk`,
    unit: 'events/s',
    yardstick: 'the hand-written statement on the same engine',
    open: () => openAppend(embedded, size),
  }))
  const read: Contest = {
    name: `pglite read(${readEvents}) and decode`,
    unit: 'events/s',
    yardstick: 'version, type and text by hand, JSON.parse',
    open: () => openRead(embedded),
  }
  return [...appends, read]
}
