import type { SqlTransaction } from './sql-database.ts'

/** Rows and their number, as both drivers report them. */
export interface SqlResult {
  readonly rows: readonly object[]
  readonly affected: number
}

/** Runs statements on a transaction's connection. */
export interface SqlRunner {
  readonly run: (text: string, values: readonly unknown[]) => Promise<SqlResult>
  readonly script: (text: string) => Promise<unknown>
}

/**
 * The handle of a running transaction: one statement at a time, and none after the end. Remembers the first failure,
 * for after it Postgres turns a COMMIT into a rollback without an error.
 */
export class OpenTransaction implements SqlTransaction {
  readonly kind = 'transaction'
  readonly #runner: SqlRunner
  #tail: Promise<unknown> = Promise.resolve()
  #open = true
  #failure: { readonly error: unknown } | undefined

  constructor(runner: SqlRunner) {
    this.#runner = runner
  }

  async query<Row extends object>(text: string, values: readonly unknown[] = []): Promise<readonly Row[]> {
    return (await this.#enqueue(() => this.#runner.run(text, values))).rows as readonly Row[]
  }

  async execute(text: string, values: readonly unknown[] = []): Promise<number> {
    return (await this.#enqueue(() => this.#runner.run(text, values))).affected
  }

  async script(text: string): Promise<void> {
    await this.#enqueue(() => this.#runner.script(text))
  }

  /** Waits for statements that were not awaited, then refuses more. @throws the first statement's failure. */
  async end(): Promise<void> {
    this.#open = false
    await this.#tail
    if (this.#failure !== undefined) throw this.#failure.error
  }

  async #enqueue<T>(statement: () => Promise<T>): Promise<T> {
    if (!this.#open) throw new Error('the transaction has ended; its handle cannot be used any more')
    const result = this.#tail.then(statement)
    this.#tail = result.catch((error: unknown) => {
      this.#failure ??= { error }
    })
    return await result
  }
}
