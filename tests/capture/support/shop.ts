import { randomBytes } from 'node:crypto'

import { createEventDecoder } from '@millrace/contracts'
import type { EventLog, ProcessorStore, StoredEvent } from '@millrace/contracts'
import { installCapture, openChangeLog, openPg, openPglite, openProcessorStore } from '@millrace/postgres'
import type { SqlDatabase } from '@millrace/postgres'
import { createProcessorRuntime } from '@millrace/processing'
import type { Processor, ProcessorRuntime } from '@millrace/processing'
import { inject } from 'vitest'

/** Databases that capture runs on. */
export const kinds = ['Postgres', 'PGlite'] as const

/** A captured table of orders, its log, and a store for processors, each in a schema of its own. */
export interface Shop extends AsyncDisposable {
  readonly database: SqlDatabase
  /** Of Millrace's tables. */
  readonly schema: string
  readonly table: string
  readonly log: EventLog<StoredEvent>
  readonly store: ProcessorStore
  run(processor: Processor): ProcessorRuntime
}

/** The database of a kind, to be opened once for all tests of a file: an embedded one takes its time. */
export async function openDatabase(kind: (typeof kinds)[number]): Promise<SqlDatabase> {
  return kind === 'Postgres' ? await openPg({ url: inject('servers').postgres }) : await openPglite('memory')
}

/** Leaves the database open when it is closed. */
export async function openShop(database: SqlDatabase, maxEventBytes = 1_000_000): Promise<Shop> {
  const name = `capture_${randomBytes(5).toString('hex')}`
  const table = `${name}_shop.orders`
  await database.script(
    `create schema ${name}_shop; create table ${table} (id int primary key, total numeric, note text)`,
  )
  await installCapture(database, { table, schema: name })
  const log = await openChangeLog({ database, schema: name, maxEventBytes })
  const store = await openProcessorStore({ database, schema: name })
  return {
    database,
    schema: name,
    table,
    log,
    store,
    run: (processor) =>
      createProcessorRuntime({
        log,
        store,
        decode: createEventDecoder(),
        processors: [processor],
        pollMs: 20,
      }),
    [Symbol.asyncDispose]: async () => {
      await log[Symbol.asyncDispose]()
      await database.script(`drop schema ${name}_shop cascade; drop schema ${name} cascade`)
    },
  }
}
