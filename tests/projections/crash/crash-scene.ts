import { createEventDecoder, createIdFactory } from '@millrace/contracts'
import type { EventStore, ProcessorStore, ProjectionStore } from '@millrace/contracts'
import { openPg, openPostgresStore, openProcessorStore, openProjectionStore } from '@millrace/postgres'
import type { SqlDatabase } from '@millrace/postgres'
import { createProcessorRuntime } from '@millrace/processing'
import { openProjections } from '@millrace/projections'

import { balances, statements } from '../support/bank.ts'
import type { Balance } from '../support/bank.ts'
import { fillBank, foldBank, textOf } from './bank-log.ts'
import type { Truth } from './bank-log.ts'
import type { ProjectorSettings } from './projector-main.ts'

const mint = createIdFactory()

/** A name nothing else uses. */
export function freshName(prefix: string): string {
  return `${prefix}_${mint().toLowerCase().slice(-12)}`
}

/** How projectors of a scene run. */
export interface ScenePace {
  readonly events: number
  readonly batchSize: number
  readonly ttlMs: number
  readonly seed: number
}

/** Read models by their names. */
export type Models = Pick<ProjectorSettings, 'documents' | 'tables' | 'partitions'>

/** One log that many projectors are killed over, each with read models of its own. */
export class CrashScene implements AsyncDisposable {
  readonly postgres: string
  readonly schema: string
  readonly truth: Truth
  readonly events: EventStore
  readonly processors: ProcessorStore
  readonly #pace: ScenePace
  readonly #database: SqlDatabase
  readonly #models: ProjectionStore

  private constructor(parts: {
    readonly postgres: string
    readonly schema: string
    readonly truth: Truth
    readonly events: EventStore
    readonly processors: ProcessorStore
    readonly pace: ScenePace
    readonly database: SqlDatabase
    readonly models: ProjectionStore
  }) {
    this.postgres = parts.postgres
    this.schema = parts.schema
    this.truth = parts.truth
    this.events = parts.events
    this.processors = parts.processors
    this.#pace = parts.pace
    this.#database = parts.database
    this.#models = parts.models
  }

  static async open(postgres: string, pace: ScenePace): Promise<CrashScene> {
    const schema = freshName('crash')
    const database = await openPg({ url: postgres })
    const events = await openPostgresStore({ database, schema })
    const processors = await openProcessorStore({ database, schema })
    const models = await openProjectionStore({ database, schema, modelSchema: schema })
    await fillBank(events, pace.events, pace.seed)
    const truth = await foldBank(events)
    return new CrashScene({ postgres, schema, truth, events, processors, pace, database, models })
  }

  /** How a projector of the given models is started. */
  settings(models: Models): ProjectorSettings {
    const { postgres, schema } = this
    const { batchSize, ttlMs } = this.#pace
    return { postgres, schema, ...models, batchSize, ttlMs }
  }

  /** Records the projections' feeders have handled, summed over their builds: how far a killed one was. */
  async handled({ documents, tables }: Models): Promise<number> {
    const mine = (await this.processors.status()).filter(({ processor }) =>
      [documents, tables].some((name) => name !== undefined && processor.startsWith(`${name}-v`)),
    )
    return mine.reduce((sum, { recordsHandled }) => sum + recordsHandled, 0)
  }

  /** Lets a projector that is not disturbed finish the work here. */
  async finish({ documents, tables, partitions }: Models): Promise<void> {
    const { batchSize, ttlMs: leaseTtlMs } = this.#pace
    const { log } = this.events
    const { processors } = this
    await using runtime = createProcessorRuntime({
      log,
      store: processors,
      decode: createEventDecoder(),
      processors: [],
      batchSize,
      leaseTtlMs,
      pollMs: 50,
    })
    await runtime.start()
    await using projections = await openProjections({
      projections: [
        balances(documents, { partitions }),
        ...(tables === undefined ? [] : [statements(tables)]),
      ],
      models: this.#models,
      processors,
      log,
      runtime,
      pollMs: 20,
    })
    const head = await log.head()
    for (const name of [documents, ...(tables === undefined ? [] : [tables])]) {
      if (!(await projections.reached(name, head, { timeoutMs: 60_000 })))
        throw new Error(`${name} did not reach the head in a minute`)
      if (!(await projections.rebuilt(name, { timeoutMs: 60_000 })))
        throw new Error(`the build of ${name} did not end`)
    }
  }

  /** Where the read models differ from a fresh fold of the log; nothing where they are equal. */
  async differences({ documents, tables }: Models, truth: Truth = this.truth): Promise<readonly string[]> {
    const read = await this.#database.query<{ key: string; document: string }>(
      `select key, document from ${this.schema}.${documents}`,
    )
    const found = new Map(read.map(({ key, document }) => [key, textOf(JSON.parse(document) as Balance)]))
    const problems = unequal('document', found, truth.documents)
    if (tables === undefined) return problems
    const sums = await this.#database.query<{ account: string; cents: number }>(
      `select account, cents from ${this.schema}.${tables}_sums`,
    )
    const [lines] = await this.#database.query<{ n: number }>(
      `select count(*) as n from ${this.schema}.${tables}_lines`,
    )
    const missing = lines?.n === truth.events ? [] : [`${lines?.n} lines, not ${truth.events}`]
    const summed = new Map(sums.map(({ account, cents }) => [account, cents]))
    return [...problems, ...unequal('sum', summed, truth.sums), ...missing]
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.events[Symbol.asyncDispose]()
    await this.#database.script(`drop schema if exists ${this.schema} cascade`)
    await this.#database[Symbol.asyncDispose]()
  }
}

function unequal<T>(what: string, found: ReadonlyMap<string, T>, wanted: ReadonlyMap<string, T>): string[] {
  return [...new Set([...found.keys(), ...wanted.keys()])]
    .filter((key) => found.get(key) !== wanted.get(key))
    .map((key) => `${what} ${key} is ${String(found.get(key))}, not ${String(wanted.get(key))}`)
}
