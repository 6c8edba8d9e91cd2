import { createIdFactory } from '@millrace/contracts'
import type { ProcessorStore } from '@millrace/contracts'
import { openPg, openPglite, openProcessorStore } from '@millrace/postgres'
import type { SqlDatabase } from '@millrace/postgres'
import { inject } from 'vitest'

/** The databases every test of this workspace runs on. */
export const databaseKinds = ['postgres', 'pglite'] as const

/** One of {@link databaseKinds}. */
export type DatabaseKind = (typeof databaseKinds)[number]

const mint = createIdFactory()

/** A name nothing else uses: for processors, tables and schemas. */
export function fresh(prefix: string): string {
  return `${prefix}_${mint().toLowerCase()}`
}

/** A database with a processor store in a schema of its own. */
export interface Ledger extends AsyncDisposable {
  readonly database: SqlDatabase
  readonly store: ProcessorStore
  readonly schema: string
}

/** Opens a store in a new schema, on the shared server or in an embedded database of its own. */
export async function openLedger(kind: DatabaseKind): Promise<Ledger> {
  const schema = fresh('ledger')
  const database =
    kind === 'postgres' ? await openPg({ url: inject('servers').postgres }) : await openPglite('memory')
  const store = await openProcessorStore({ database, schema })
  return {
    database,
    store,
    schema,
    [Symbol.asyncDispose]: async () => {
      await database.script(`drop schema if exists ${schema} cascade`)
      await database[Symbol.asyncDispose]()
    },
  }
}
