import { setTimeout as sleep } from 'node:timers/promises'

import type { SqlDatabase } from '@millrace/postgres'

import { actionsFor, mostTotal } from './rules.ts'
import type { Change } from './rules.ts'

/** Where and how orders are written. */
export interface OrderLoadOptions {
  readonly database: SqlDatabase
  readonly table: string
  readonly random: () => number
  /** Milliseconds between two transactions of one writer. */
  readonly pauseMs: number
  /** Deliveries that have arrived so far. Writers wait while too many have not: a busy machine must not pile up work. */
  readonly arrived: () => number
}

const writers = 2
const mostPending = 400

/** People who order, change their minds and go away, in transactions of a few rows, until they are stopped. */
export class OrderLoad implements AsyncDisposable {
  /** Committed, in no order. */
  readonly changes: Change[] = []
  readonly #options: OrderLoadOptions
  readonly #stopped = new AbortController()
  readonly #work: Promise<unknown>
  #wanted = 0

  constructor(options: OrderLoadOptions) {
    this.#options = options
    this.#work = Promise.all(Array.from({ length: writers }, async (_, n) => await this.#write(n)))
    // Told by stop(): a writer that fails while others are awaited must not end the process.
    this.#work.catch(() => undefined)
  }

  /** Resolves when the last transaction has ended. @throws what a writer met */
  async stop(): Promise<void> {
    this.#stopped.abort()
    await this.#work
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped.abort()
    await this.#work.catch(() => undefined)
  }

  /** Each writer has rows of its own. */
  async #write(writer: number): Promise<void> {
    const rows = new Map<number, Change>()
    for (let next = writer; !this.#stopped.signal.aborted;) {
      const made = this.#draw(rows, () => (next += writers))
      await this.#commit(made)
      this.#wanted += made.reduce((sum, change) => sum + actionsFor(change).length, 0)
      for (const change of made)
        if (change.operation === 'delete') rows.delete(change.id)
        else rows.set(change.id, change)
      this.changes.push(...made)
      do await sleep(this.#options.pauseMs)
      while (this.#wanted - this.#options.arrived() > mostPending && !this.#stopped.signal.aborted)
    }
  }

  /** Changes of different rows. */
  #draw(rows: ReadonlyMap<number, Change>, newId: () => number): readonly Change[] {
    const { random } = this.#options
    const pick = (below: number): number => Math.floor(random() * below)
    const total = (): number => pick(mostTotal)
    const inserts = Array.from({ length: 1 + pick(2) }, () => newId()).map((id): Change => ({
      operation: 'insert',
      id,
      rev: 1,
      total: total(),
    }))
    const touched = [...rows.values()].slice(-20).filter(() => random() < 0.06)
    return [
      ...inserts,
      ...touched.map((row): Change => {
        const operation = random() < 0.7 ? 'update' : 'delete'
        return operation === 'delete'
          ? { ...row, operation }
          : { operation, id: row.id, rev: row.rev + 1, total: total() }
      }),
    ]
  }

  async #commit(changes: readonly Change[]): Promise<void> {
    const { database, table } = this.#options
    const update = `update ${table} set rev = $2, total = $3 where id = $1`
    await database.transaction(async (tx) => {
      for (const { operation, id, rev, total } of changes)
        if (operation === 'insert')
          await tx.execute(`insert into ${table} (id, rev, total) values ($1, $2, $3)`, [id, rev, total])
        else if (operation === 'update') await tx.execute(update, [id, rev, total])
        else await tx.execute(`delete from ${table} where id = $1`, [id])
    })
  }
}
