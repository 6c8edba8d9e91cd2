import { randomBytes } from 'node:crypto'

import type { RowSource } from '@millrace/contracts'
import { memoryRows } from '@millrace/memory'
import { openPg, openPglite, postgresRows } from '@millrace/postgres'
import type { SqlDatabase } from '@millrace/postgres'
import { createCursorKeys, defineQuery } from '@millrace/query'
import type { PageRequest, Query, RowOf } from '@millrace/query'
import { inject } from 'vitest'

export const fields = {
  id: 'text',
  tenant: 'text',
  name: { type: 'text', nullable: true },
  balance: { type: 'decimal', nullable: true },
  orders: 'integer',
  active: { type: 'boolean', nullable: true },
  openedAt: { type: 'instant', nullable: true },
} as const

export type Customer = RowOf<typeof fields>
export type Customers = Query<typeof fields>
export type Request = PageRequest<typeof fields>

/** Whose rows are asked for. */
export const byTenant = defineQuery({ name: 'customers', fields, key: ['id'], tenant: 'tenant' })
export const everybody = defineQuery({ name: 'customers', fields, key: ['tenant', 'id'] })

export const key = { id: 'k1', key: new Uint8Array(32).fill(7) }
export const cursors = createCursorKeys({ current: key })

/** Rows are put in and replaced. */
export interface Bench extends AsyncDisposable {
  readonly rows: RowSource
  replaceWith(customers: readonly Customer[]): Promise<void>
}

function openMemoryBench(): Promise<Bench> {
  let held: readonly Customer[] = []
  return Promise.resolve({
    rows: memoryRows(() => held),
    replaceWith: async (customers) => void (held = customers),
    [Symbol.asyncDispose]: async () => undefined,
  })
}

async function openSqlBench(database: SqlDatabase): Promise<Bench> {
  const table = `customers_${randomBytes(5).toString('hex')}`
  await database.script(
    `create table ${table} (id text, tenant text, name text, balance numeric, orders int, active boolean, opened_at timestamptz)`,
  )
  const text = (value: unknown): string | null =>
    value instanceof Date ? value.toISOString() : value === null ? null : String(value)
  return {
    rows: postgresRows({ database, table, columns: { openedAt: 'opened_at' } }),
    replaceWith: async (customers) => {
      await database.execute(`delete from ${table}`)
      const columns = ['id', 'tenant', 'name', 'balance', 'orders', 'active', 'openedAt'] as const
      await database.execute(
        `insert into ${table} select * from unnest($1::text[], $2::text[], $3::text[], $4::text[]::numeric[], $5::text[]::int[], $6::text[]::boolean[], $7::text[]::timestamptz[])`,
        columns.map((column) => customers.map((customer) => text(customer[column]))),
      )
    },
    [Symbol.asyncDispose]: async () => await database[Symbol.asyncDispose](),
  }
}

/** The adapters, with how many random tables each is tried on. */
export const benches: readonly (readonly [name: string, runs: number, open: () => Promise<Bench>])[] = [
  ['memory', 300, openMemoryBench],
  ['Postgres', 25, async () => await openSqlBench(await openPg({ url: inject('servers').postgres }))],
  ['PGlite', 15, async () => await openSqlBench(await openPglite('memory'))],
]
