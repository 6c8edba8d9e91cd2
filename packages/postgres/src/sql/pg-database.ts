import pg from 'pg'
import type { ClientConfig, PoolClient, QueryConfig, QueryResult } from 'pg'

import { OpenTransaction } from './open-transaction.ts'
import type { SqlResult } from './open-transaction.ts'
import { PgListener } from './pg-listener.ts'
import { resolvePgOptions } from './pg-options.ts'
import type { PgOptions, PgTarget } from './pg-options.ts'
import { queryText } from './pg-text-query.ts'
import type { SqlDatabase, SqlTransaction, TextRow } from './sql-database.ts'
import { isStalePlan, mapSqlError } from './sql-error.ts'
import { parserOf } from './sql-values.ts'
import { StatementNames } from './statement-names.ts'
import { TransactionScope } from './transaction-scope.ts'

const types: NonNullable<ClientConfig['types']> = { getTypeParser: parserOf }

function poolOf({ config, poolSize }: PgTarget): pg.Pool {
  // The time-out belongs to the client: given to the pool it would also end the wait for a busy connection.
  class Client extends pg.Client {
    constructor() {
      super({ ...config, types })
    }
  }
  const pool = new pg.Pool({ max: poolSize, idleTimeoutMillis: 0, Client })
  // An idle connection broke. The pool has dropped it already, and the next statement opens another.
  pool.on('error', () => undefined)
  // A connection in use broke: its statement fails with the reason. Without a listener the event ends the process.
  pool.on('connect', (client) => client.on('error', () => undefined))
  return pool
}

function resultOf({ rows, rowCount }: QueryResult<object>): SqlResult {
  return { rows, affected: rowCount ?? 0 }
}

class PgDatabase implements SqlDatabase {
  readonly kind = 'pg'
  readonly shared = true
  readonly #label: string
  readonly #pool: pg.Pool
  readonly #listener: PgListener
  readonly #names = new StatementNames()
  readonly #scope = new TransactionScope()
  #closing: Promise<void> | undefined

  constructor(target: PgTarget) {
    this.#label = target.label
    this.#pool = poolOf(target)
    this.#listener = new PgListener({ ...target.config, types })
  }

  async query<Row extends object>(text: string, values: readonly unknown[] = []): Promise<readonly Row[]> {
    return (await this.#run(this.#pool, text, values)).rows as readonly Row[]
  }

  async execute(text: string, values: readonly unknown[] = []): Promise<number> {
    return (await this.#run(this.#pool, text, values)).affected
  }

  async queryText(text: string, values: readonly unknown[] = []): Promise<readonly TextRow[]> {
    this.#scope.assertOutside()
    let client: PoolClient | undefined
    try {
      client = await this.#pool.connect()
      const rows = await queryText(client, this.#statement(text, values))
      client.release()
      return rows
    } catch (error) {
      // The server's own refusal leaves the connection in order; anything else may have cut an answer short.
      client?.release(!(error instanceof pg.DatabaseError))
      throw mapSqlError(error, this.#label)
    }
  }

  async transaction<T>(work: (tx: SqlTransaction) => Promise<T>): Promise<T> {
    this.#scope.assertOutside()
    const client = await this.#mapped(() => this.#pool.connect())
    try {
      const result = await this.#mapped(() => this.#inTransaction(client, work))
      client.release()
      return result
    } catch (error) {
      // Whatever state the connection is in, a rollback that answers proves it usable.
      await client.query('rollback').then(
        () => client.release(),
        () => client.release(true),
      )
      throw error
    }
  }

  async script(text: string): Promise<void> {
    this.#scope.assertOutside()
    await this.#mapped(() => this.#pool.query(text))
  }

  async listen(channel: string, onNotify: (payload: string) => void): Promise<AsyncDisposable> {
    return await this.#mapped(() => this.#listener.listen(channel, onNotify))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= Promise.all([this.#listener[Symbol.asyncDispose](), this.#pool.end()]).then(
      () => undefined,
    )
    await this.#closing
  }

  async #inTransaction<T>(client: PoolClient, work: (tx: SqlTransaction) => Promise<T>): Promise<T> {
    await client.query('begin isolation level read committed')
    const tx = new OpenTransaction({
      run: async (text, values) => resultOf(await this.#send(client, text, values)),
      script: (text) => client.query(text),
    })
    try {
      const result = await this.#scope.run(() => work(tx))
      await tx.end()
      await client.query('commit')
      return result
    } catch (error) {
      await tx.end().catch(() => undefined)
      throw error
    }
  }

  async #run(on: pg.Pool, text: string, values: readonly unknown[]): Promise<SqlResult> {
    this.#scope.assertOutside()
    try {
      return resultOf(await this.#send(on, text, values))
    } catch (error) {
      if (!isStalePlan(error)) throw mapSqlError(error, this.#label)
    }
    // Nothing was run. Every connection has a plan of its own under that name: it is not used again here.
    return resultOf(await this.#mapped(() => on.query<object>({ text, values: [...values] })))
  }

  #send(on: pg.Pool | PoolClient, text: string, values: readonly unknown[]): Promise<QueryResult<object>> {
    const name = this.#names.nameOf(text)
    return on.query<object>(
      name === undefined ? { text, values: [...values] } : { name, text, values: [...values] },
    )
  }

  #statement(text: string, values: readonly unknown[]): QueryConfig {
    const name = this.#names.nameOf(text)
    return name === undefined ? { text, values: [...values] } : { name, text, values: [...values] }
  }

  async #mapped<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      throw mapSqlError(error, this.#label)
    }
  }
}

/**
 * Opens a database on a Postgres server, version 15 or later, and proves that it answers.
 *
 * @throws {@link ConfigurationError} for bad settings, {@link ConnectionError} when it cannot be reached
 */
export async function openPg(options: PgOptions): Promise<SqlDatabase> {
  const database = new PgDatabase(resolvePgOptions(options))
  try {
    await database.query('select 1')
    return database
  } catch (error) {
    await database[Symbol.asyncDispose]()
    throw error
  }
}
