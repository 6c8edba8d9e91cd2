import { setTimeout as sleep } from 'node:timers/promises'

import { createStreamId } from '@millrace/contracts'
import { openPg, openPostgresStore } from '@millrace/postgres'
import pg from 'pg'

import { eventType, insertText } from './flow-tables.ts'
import type { FlowSource, PlacedOrder } from './flow-tables.ts'
import { givenOrder, serve } from './part.ts'
import { sharedNow } from './shared-clock.ts'

/** What a generator writes to. */
export interface GeneratorOrder {
  readonly url: string
  readonly source: FlowSource
  readonly schemas: readonly string[]
}

/** One stretch of writing. */
export interface Load {
  readonly schema: string
  readonly ms: number
  /** Rows or events a second. */
  readonly perSecond: number
  /** Of one transaction. */
  readonly size: number
}

const writers = 16

type Write = (size: number, dueAt: number) => Promise<unknown>

interface Writing extends AsyncDisposable {
  readonly into: (schema: string) => Write
}

function rowWriting(url: string): Writing {
  const pool = new pg.Pool({ connectionString: url, max: writers })
  return {
    into: (schema) => (size, dueAt) =>
      pool.query({ name: `insert ${schema}`, text: insertText(schema), values: [size, dueAt] }),
    [Symbol.asyncDispose]: async () => await pool.end(),
  }
}

async function eventWriting({ url, schemas }: GeneratorOrder): Promise<Writing> {
  const database = await openPg({ url, poolSize: writers + 1 })
  const stores = new Map<string, Awaited<ReturnType<typeof openPostgresStore>>>()
  for (const schema of schemas) stores.set(schema, await openPostgresStore({ database, schema }))
  let next = 0
  return {
    into: (schema) => async (size, dueAt) => {
      const data: PlacedOrder = { due_at: dueAt, total: 129.95, status: 'open' }
      const events = Array.from({ length: size }, () => ({ type: eventType, data }))
      await stores
        .get(schema)
        ?.append(createStreamId('order', String(next++)), events, { expectedVersion: 'any' })
    },
    [Symbol.asyncDispose]: async () => {
      for (const store of stores.values()) await store[Symbol.asyncDispose]()
      await database[Symbol.asyncDispose]()
    },
  }
}

/** Writes on schedule, whatever became of what was written before; times are those of the schedule. */
async function writeOnSchedule(write: Write, { ms, perSecond, size }: Load): Promise<number> {
  const everyMs = (1000 * size) / perSecond
  const transactions = Math.max(1, Math.round(ms / everyMs))
  const start = sharedNow()
  const writing: Promise<unknown>[] = []
  for (let i = 0; i < transactions; i++) {
    const dueAt = start + i * everyMs
    const early = dueAt - sharedNow()
    if (early > 0) await sleep(early)
    writing.push(write(size, dueAt))
  }
  await Promise.all(writing)
  return transactions * size
}

/** Writes as long as no more than so many wait to be delivered: as fast as the listener can keep up with. */
class PacedWriting {
  #allowed = 0
  #written = 0
  #more = Promise.withResolvers<void>()

  allow(upTo: number): void {
    this.#allowed = upTo
    this.#more.resolve()
    this.#more = Promise.withResolvers()
  }

  async write(write: Write, { ms, size }: Load): Promise<number> {
    this.#written = 0
    const end = sharedNow() + ms
    const writer = async (): Promise<void> => {
      while (sharedNow() < end) {
        if (this.#written + size > this.#allowed) {
          await Promise.race([this.#more.promise, sleep(20)])
          continue
        }
        this.#written += size
        await write(size, sharedNow())
      }
    }
    await Promise.all(Array.from({ length: 4 }, writer))
    return this.#written
  }
}

async function generate(told: GeneratorOrder): Promise<void> {
  const writing = told.source === 'changes' ? rowWriting(told.url) : await eventWriting(told)
  const paced = new PacedWriting()
  serve(
    {
      schedule: async (load: Load) => await writeOnSchedule(writing.into(load.schema), load),
      pace: async (load: Load) => await paced.write(writing.into(load.schema), load),
      allow: (upTo: number) => paced.allow(upTo),
    },
    async () => await writing[Symbol.asyncDispose](),
  )
}

await generate(givenOrder() as GeneratorOrder)
