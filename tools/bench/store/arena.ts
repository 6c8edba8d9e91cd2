import type { EventStore } from '@millrace/contracts'
import { openPg, openPostgresStore } from '@millrace/postgres'
import type { SqlDatabase } from '@millrace/postgres'
import pg from 'pg'

import type { DurablePostgres } from './durable-postgres.ts'
import { sendBy } from './hand-append.ts'
import type { Send } from './hand-append.ts'

/** Our store's schema, and the yardstick's: the same tables and indexes, made by the same migrations. */
export const schemas = { ours: 'bench_ours', theirs: 'bench_yardstick' } as const

/** Two schemas on one server: in one our store works, in the other hand-written statements. */
export interface Arena extends AsyncDisposable {
  readonly store: EventStore
  readonly database: SqlDatabase
  /** The yardstick's own connections. */
  readonly pool: pg.Pool
  readonly send: Send
}

async function dropSchemas(database: SqlDatabase): Promise<void> {
  for (const schema of Object.values(schemas))
    await database.script(`drop schema if exists ${schema} cascade`)
}

/** Fresh tables on both sides, and a checkpoint behind us, so that none falls into the contest. */
export async function openArena(server: DurablePostgres, writers = 1): Promise<Arena> {
  const url = await server.url()
  // The store announces its commits on a connection of its own.
  const database = await openPg({ url, poolSize: writers + 1 })
  const pool = new pg.Pool({ connectionString: url, max: writers })
  await dropSchemas(database)
  const theirs = await openPostgresStore({ database, schema: schemas.theirs })
  await theirs[Symbol.asyncDispose]()
  const store = await openPostgresStore({ database, schema: schemas.ours })
  await database.script('checkpoint')
  return {
    store,
    database,
    pool,
    send: sendBy(pool),
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]()
      await pool.end()
      await dropSchemas(database)
      await database[Symbol.asyncDispose]()
    },
  }
}
