import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'

import { installCapture, openPg, openProcessorStore } from '@millrace/postgres'
import type { SqlDatabase } from '@millrace/postgres'

import { LedgerTables } from './ledger-tables.ts'
import type { Fault } from './listener-main.ts'
import { Listener } from './listener.ts'
import { OrderLoad } from './order-load.ts'
import { problemsOf } from './verdict.ts'
import { Witness } from './witness.ts'

/** How a scene is set. */
export interface SceneOptions {
  readonly postgres: string
  readonly random: () => number
  /** Of a listener's leases: how long a killed one stands in the way of the next. */
  readonly leaseTtlMs: number
  /** Milliseconds between two transactions of a writer. */
  readonly pauseMs: number
}

/** When a listener is killed. */
export interface Kill extends Fault {
  /** Between its word and its end, where it is killed from outside. */
  readonly delayMs: number
}

/** What a kill has done. */
export interface KillReport {
  /** Attempts it cut off. */
  readonly underWay: number
  /** Of those, the ones between their sending and its record. */
  readonly sent: number
  /** Why it did not come about. */
  readonly problem: string | undefined
}

/** What is left when the last listener has done everything. */
export interface SceneReport {
  readonly problems: readonly string[]
  readonly changes: number
  readonly delivered: number
  /** Webhooks that came in, repeats among them. */
  readonly arrivals: number
  readonly cut: number
  readonly sentCut: number
  /** Of the sent ones, those that showed as unknown before they ran again. */
  readonly shown: number
  readonly longestRerunMs: number
}

interface Parts {
  readonly options: SceneOptions
  readonly schema: string
  readonly database: SqlDatabase
  readonly ledger: LedgerTables
  readonly witness: Witness
  readonly stack: AsyncDisposableStack
}

const [loadMs, faultMs, finishMs] = [60_000, 60_000, 150_000]

/** A captured table that is written to all the time, its listeners, killed one after the other, and their receiver. */
export class CrashScene implements AsyncDisposable {
  readonly #parts: Parts
  readonly #load: OrderLoad
  #next: Listener
  #listeners = 0

  private constructor(parts: Parts) {
    this.#parts = parts
    const { database, stack, options, schema, witness } = parts
    const arrived = (): number => witness.deliveries
    this.#load = stack.use(new OrderLoad({ ...options, database, table: tableOf(schema), arrived }))
    this.#next = new Listener(`${schema}_0`)
  }

  static async open(options: SceneOptions): Promise<CrashScene> {
    await using stack = new AsyncDisposableStack()
    const schema = `crash_${randomBytes(5).toString('hex')}`
    const database = stack.use(await openPg({ url: options.postgres }))
    await openProcessorStore({ database, schema })
    await database.script(
      `create schema ${schema}_shop;
       create table ${tableOf(schema)} (id int primary key, rev int not null, total int not null)`,
    )
    stack.defer(async () => {
      await database.script(`drop schema ${schema}_shop cascade; drop schema ${schema} cascade`)
    })
    await installCapture(database, { table: tableOf(schema), schema })
    const ledger = new LedgerTables(database, schema)
    const witness = stack.use(await Witness.open(ledger, options.random))
    return new CrashScene({ options, schema, database, ledger, witness, stack: stack.move() })
  }

  /** Lets a listener take over from the one before, and kills it. */
  async kill(kill: Kill): Promise<KillReport> {
    // So that there is something to commit.
    if (kill.at.startsWith('capture:')) await this.#alterTable()
    await using listener = await this.#takeOver(kill)
    const met = await listener.says('fault', faultMs)
    if (met && kill.at === 'any') {
      await sleep(kill.delayMs)
      await listener.kill()
    }
    const signal = met ? await listener.ended() : await listener.kill()
    await this.#forgotten(listener.name)
    const { underWay, sent } = await this.#parts.witness.cutOff()
    const problem = met ? undefined : 'it never came there'
    return {
      underWay,
      sent,
      problem: problem ?? (signal === 'SIGKILL' ? undefined : `it ended by ${String(signal)}, not by a kill`),
    }
  }

  /** Ends the load, lets a last listener do what is left, and compares. */
  async finish(): Promise<SceneReport> {
    const { ledger, witness } = this.#parts
    await this.#load.stop()
    const problems = await this.#finishWork()
    const [ended, left] = [await ledger.ended(), await ledger.leftOver()]
    const { changes } = this.#load
    const over = Object.entries(left).flatMap(([table, rows]) =>
      rows === 0 ? [] : [`${rows} rows are left in ${table}`],
    )
    const { sentCuts, shown, longestRerunMs, arrivals, cuts } = witness
    return {
      problems: [...problems, ...over, ...problemsOf({ changes, witness, ended })],
      changes: changes.length,
      delivered: ended.length,
      arrivals: arrivals.length,
      cut: cuts.size,
      sentCut: sentCuts.size,
      shown: sentCuts.intersection(shown).size,
      longestRerunMs,
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#next[Symbol.asyncDispose]()
    await this.#parts.stack.disposeAsync()
  }

  /** The next one loads its modules while this one works. */
  async #takeOver(fault: Fault | undefined): Promise<Listener> {
    const { options, schema, witness } = this.#parts
    const listener = this.#next
    if (!(await listener.says('loaded', loadMs))) throw new Error('a listener did not load')
    this.#next = new Listener(`${schema}_${++this.#listeners}`)
    listener.begin({
      postgres: options.postgres,
      schema,
      table: tableOf(schema),
      receiver: witness.url,
      name: listener.name,
      leaseTtlMs: options.leaseTtlMs,
      ...(fault === undefined ? {} : { fault: { at: fault.at, passing: fault.passing } }),
    })
    return listener
  }

  async #alterTable(): Promise<void> {
    const { database, schema } = this.#parts
    await database.script(`alter table ${tableOf(schema)} add column more_${this.#listeners} int default 0`)
  }

  /** A server goes on for a moment with what a dead client had sent: a commit may come after the kill. */
  async #forgotten(name: string): Promise<void> {
    const connections = 'select count(*) as n from pg_stat_activity where application_name = $1'
    const deadline = performance.now() + faultMs
    for (;;) {
      const [row] = await this.#parts.database.query<{ n: number }>(connections, [name])
      if (row?.n === 0) return
      if (performance.now() > deadline) throw new Error(`the connections of ${name} outlive it`)
      await sleep(3)
    }
  }

  async #finishWork(): Promise<readonly string[]> {
    const last = await this.#takeOver(undefined)
    try {
      return await this.#settled()
    } finally {
      await last.kill()
    }
  }

  /** Until every change is handled and every delivery has ended. */
  async #settled(): Promise<readonly string[]> {
    const { database, schema } = this.#parts
    const deadline = performance.now() + finishMs
    for (;;) {
      const [row] = await database.query<{ behind: number; open: number }>(
        `select (select count(*) from ${schema}.processor_partitions
           where checkpoint_commit < (select coalesce(max(seq), 0) from ${schema}.changes)) as behind,
           (select count(*) from ${schema}.deliveries) as open`,
      )
      if (row?.behind === 0 && row.open === 0) return []
      // What came in says enough, and what it is about may never end.
      if (this.#parts.witness.problems.length > 0) return []
      if (performance.now() > deadline)
        return [`${row?.behind} partitions are behind and ${row?.open} deliveries open after ${finishMs} ms`]
      await sleep(20)
    }
  }
}

function tableOf(schema: string): string {
  return `${schema}_shop.orders`
}
