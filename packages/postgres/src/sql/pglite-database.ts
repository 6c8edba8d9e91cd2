import type { PGlite, Results } from '@electric-sql/pglite'

import { OpenTransaction } from './open-transaction.ts'
import type { SqlResult } from './open-transaction.ts'
import type { SqlDatabase, SqlTransaction, TextRow } from './sql-database.ts'
import { mapSqlError } from './sql-error.ts'
import { allParsers } from './sql-values.ts'
import { TransactionScope } from './transaction-scope.ts'

const textParsers = Object.fromEntries(Object.keys(allParsers()).map((oid) => [oid, (text: string) => text]))

function resultOf({ rows, affectedRows }: Results<object>): SqlResult {
  return { rows, affected: affectedRows ?? 0 }
}

/** What an embedded database needs besides its engine. */
export interface PgliteParts {
  readonly engine: PGlite
  /** Names the database in messages. */
  readonly label: string
  /** Gives back what was taken to open it; called once, after the engine has stopped. */
  readonly release: () => Promise<void>
}

/** One embedded engine: a single connection, used by one statement or transaction at a time. */
export class PgliteDatabase implements SqlDatabase {
  readonly kind = 'pglite'
  readonly shared = false
  readonly #engine: PGlite
  readonly #label: string
  readonly #release: () => Promise<void>
  readonly #scope = new TransactionScope()
  #closing: Promise<void> | undefined

  constructor({ engine, label, release }: PgliteParts) {
    this.#engine = engine
    this.#label = label
    this.#release = release
  }

  async query<Row extends object>(text: string, values: readonly unknown[] = []): Promise<readonly Row[]> {
    return (await this.#run(text, values)).rows as readonly Row[]
  }

  async execute(text: string, values: readonly unknown[] = []): Promise<number> {
    return (await this.#run(text, values)).affected
  }

  async queryText(text: string, values: readonly unknown[] = []): Promise<readonly TextRow[]> {
    this.#scope.assertOutside()
    const { rows } = await this.#mapped(() =>
      this.#engine.query<TextRow>(text, [...values], { rowMode: 'array', parsers: textParsers }),
    )
    return rows
  }

  async transaction<T>(work: (tx: SqlTransaction) => Promise<T>): Promise<T> {
    this.#scope.assertOutside()
    return await this.#mapped(() =>
      this.#engine.transaction(async (own) => {
        const tx = new OpenTransaction({
          run: async (text, values) => resultOf(await own.query<object>(text, [...values])),
          script: (text) => own.exec(text),
        })
        try {
          const result = await this.#scope.run(() => work(tx))
          await tx.end()
          return result
        } catch (error) {
          await tx.end().catch(() => undefined)
          throw error
        }
      }),
    )
  }

  async script(text: string): Promise<void> {
    this.#scope.assertOutside()
    await this.#mapped(() => this.#engine.exec(text))
  }

  async listen(channel: string, onNotify: (payload: string) => void): Promise<AsyncDisposable> {
    this.#scope.assertOutside()
    const unlisten = await this.#mapped(() => this.#engine.listen(channel, onNotify))
    return {
      [Symbol.asyncDispose]: async () => {
        if (!this.#engine.closed) await unlisten()
      },
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#close()
    await this.#closing
  }

  async #close(): Promise<void> {
    try {
      // Waits for a running transaction; a close in the middle of one would leave its promise open for ever.
      await this.#engine.runExclusive(async () => undefined)
      await this.#engine.close()
    } finally {
      await this.#release()
    }
  }

  async #run(text: string, values: readonly unknown[]): Promise<SqlResult> {
    this.#scope.assertOutside()
    return await this.#mapped(async () => resultOf(await this.#engine.query<object>(text, [...values])))
  }

  async #mapped<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      throw mapSqlError(error, this.#label)
    }
  }
}
