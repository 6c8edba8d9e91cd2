import { createEventDecoder } from '@millrace/contracts'
import type { StoredEvent } from '@millrace/contracts'
import { installCapture, openChangeLog, openPg } from '@millrace/postgres'
import pg from 'pg'

import type { Contest, Sides } from '../harness/contest.ts'
import { atOnce } from '../harness/samplers.ts'
import type { DurablePostgres } from '../store/durable-postgres.ts'

const decode = createEventDecoder()
const loggedRows = 20_000
const batch = 500
const manyRows = 100

const tables = `
  drop schema if exists shop cascade; create schema shop;
  create table shop.plain (id bigint generated always as identity primary key, customer text not null, status text not null,
    total numeric(12, 2) not null, note text, placed_at timestamptz not null default now());
  create table shop.orders (like shop.plain including all);`

const columns = '(customer, status, total, note)'
const row = `'customer-1029384', 'open', 129.95, 'please ring twice, and leave it at the door of the neighbour'`

/** One row, or a hundred, in a transaction of their own. */
function insertInto(table: string, rows: number): string {
  return rows === 1
    ? `insert into shop.${table} ${columns} values (${row})`
    : `insert into shop.${table} ${columns} select ${row} from generate_series(1, ${rows})`
}

/** Without the listener an idle connection that ends, with the server, would end the process before its reason is told. */
function poolOf(url: string, max: number): pg.Pool {
  const pool = new pg.Pool({ connectionString: url, max })
  pool.on('error', () => undefined)
  return pool
}

async function openWriting(server: DurablePostgres, rows: number, workers: number): Promise<Sides> {
  const url = await server.url()
  const pool = poolOf(url, workers)
  await pool.query(tables)
  {
    await using database = await openPg({ url, poolSize: 1 })
    await installCapture(database, { table: 'shop.orders' })
    await database.script('checkpoint')
  }
  const insert = (table: string): ReturnType<typeof atOnce> =>
    atOnce({ workers, size: rows }, () =>
      pool.query({ name: `${table} ${rows}`, text: insertInto(table, rows) }),
    )
  return {
    measured: insert('orders'),
    yardstick: insert('plain'),
    [Symbol.asyncDispose]: async () => await forget(pool),
  }
}

/** What a contest has written must not be there for the next one. */
async function forget(pool: pg.Pool): Promise<void> {
  await pool.query('drop schema shop cascade; drop schema millrace cascade')
  await pool.end()
}

const selectByHand = `select seq, row_index, operation, row_key, old_row::text as old_row, new_row::text as new_row, changed, transaction_id
  from millrace.changes where seq > $1 order by seq, row_index limit ${batch}`

interface HandRow {
  readonly seq: string
  readonly new_row: string
}

async function openReading(server: DurablePostgres, take: (change: StoredEvent) => unknown): Promise<Sides> {
  const url = await server.url()
  const pool = poolOf(url, 1)
  await pool.query(tables)
  const database = await openPg({ url, poolSize: 1 })
  await installCapture(database, { table: 'shop.orders' })
  await database.script(
    `do $$ begin for i in 1 .. ${loggedRows} loop ${insertInto('orders', 1)}; end loop; end $$`,
  )
  await database.script('vacuum (analyze) millrace.changes')
  const log = await openChangeLog({ database })
  const readLog = async (): Promise<void> => {
    let found = 0
    for (let at = await log.beginning(); ;) {
      const { records, end } = await log.readBatch(at, { maxRecords: batch })
      if (records.length === 0) break
      for (const record of records) if (take(record) !== undefined) found += 1
      at = end
    }
    if (found !== loggedRows) throw new Error(`read ${found} changes instead of ${loggedRows}`)
  }
  const readByHand = async (): Promise<void> => {
    let found = 0
    for (let at = '0'; ;) {
      const { rows } = await pool.query<HandRow>({ name: 'read changes', text: selectByHand, values: [at] })
      if (rows.length === 0) break
      for (const { new_row } of rows) if (JSON.parse(new_row) !== null) found += 1
      at = rows.at(-1)?.seq ?? at
    }
    if (found !== loggedRows) throw new Error(`read ${found} changes instead of ${loggedRows}`)
  }
  return {
    measured: atOnce({ workers: 1, size: loggedRows }, readLog),
    yardstick: atOnce({ workers: 1, size: loggedRows }, readByHand),
    [Symbol.asyncDispose]: async () => {
      await log[Symbol.asyncDispose]()
      await database[Symbol.asyncDispose]()
      await forget(pool)
    },
  }
}

/** What change capture costs those who write, and how fast its log is read. */
export function captureContests(server: DurablePostgres): readonly Contest[] {
  const unit = 'rows/s'
  return [
    {
      name: 'insert of one row into a captured table',
      unit,
      yardstick: 'the same into one that is not captured',
      // At most a quarter more time.
      goal: 0.8,
      open: () => openWriting(server, 1, 1),
    },
    {
      name: 'insert of one row into a captured table, 16 writers',
      unit,
      yardstick: 'the same into one that is not captured',
      open: () => openWriting(server, 1, 16),
    },
    {
      name: 'insert of 100 rows into a captured table',
      unit,
      yardstick: 'the same into one that is not captured',
      goal: 0.55,
      open: () => openWriting(server, manyRows, 1),
    },
    {
      name: 'read of the change log, data parsed',
      unit,
      yardstick: 'select and JSON.parse of the new row by hand',
      open: () => openReading(server, ({ payload }) => JSON.parse(String(payload)) as unknown),
    },
    {
      name: 'read of the change log, decoded',
      unit,
      yardstick: 'select and JSON.parse of the new row by hand',
      open: () => openReading(server, (change) => decode(change)[0]),
    },
  ]
}
