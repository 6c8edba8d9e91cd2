import { setTimeout as sleep } from 'node:timers/promises'

import { isMillraceError } from '@millrace/contracts'
import type { SqlDatabase } from '@millrace/postgres'

/** Orders at a steady pace, whatever becomes of them, until it is stopped. */
export class OrderFlow implements AsyncDisposable {
  readonly #database: SqlDatabase
  readonly #everyMs: number
  readonly #stopped = new AbortController()
  readonly #work: Promise<void>
  #committed = 0
  #refused = 0

  constructor(database: SqlDatabase, everyMs: number) {
    this.#database = database
    this.#everyMs = everyMs
    this.#work = this.#write()
    // Told by stop(): it must not end the process before.
    this.#work.catch(() => undefined)
  }

  /** Orders whose commit was answered. */
  get committed(): number {
    return this.#committed
  }

  /** Orders nobody knows of whether they were written. */
  get refused(): number {
    return this.#refused
  }

  async stop(): Promise<void> {
    this.#stopped.abort()
    await this.#work
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped.abort()
    await this.#work.catch(() => undefined)
  }

  async #write(): Promise<void> {
    const begin = performance.now()
    for (let id = 1; !this.#stopped.signal.aborted; id++) {
      const waitMs = begin + id * this.#everyMs - performance.now()
      if (waitMs > 0) await sleep(waitMs)
      await this.#order(id)
    }
  }

  async #order(id: number): Promise<void> {
    try {
      await this.#database.execute('insert into orders (id, total) values ($1, $2)', [id, 1 + (id % 100)])
      this.#committed++
    } catch (error) {
      if (!isMillraceError(error) || error.code !== 'ERR_CONNECTION') throw error
      this.#refused++
    }
  }
}
