import type { SqlDatabase } from '@millrace/postgres'

/** An attempt as the ledger keeps it. */
interface KeptAttempt {
  readonly number: number
  readonly outcome: 'delivered' | 'failed' | 'unknown'
  readonly statusCode?: number
}

/** A delivery that has not ended. */
interface OpenDelivery {
  readonly id: string
  readonly inFlight: boolean
  readonly attempts: readonly KeptAttempt[]
}

/** A delivery that has ended. */
export interface EndedDelivery {
  readonly id: string
  readonly action: string
  readonly state: string
  readonly attempts: readonly KeptAttempt[]
}

/** The ledger's tables, read as they are: past everything that could make them look better. */
export class LedgerTables {
  readonly #database: SqlDatabase
  readonly #schema: string

  constructor(database: SqlDatabase, schema: string) {
    this.#database = database
    this.#schema = schema
  }

  /** Undefined for one that was not opened, or has ended. */
  async open(id: string): Promise<OpenDelivery | undefined> {
    const [found] = await this.#deliveries('id = $1', [id])
    return found
  }

  /** Those with an attempt under way, or whose owner is gone. */
  async inFlight(): Promise<readonly OpenDelivery[]> {
    return await this.#deliveries('in_flight', [])
  }

  async ended(): Promise<readonly EndedDelivery[]> {
    const rows = await this.#database.query<{ id: string; action: string; state: string; attempts: string }>(
      `select id, action, state, attempts::text as attempts from ${this.#schema}.delivery_history`,
    )
    return rows.map((row) => ({ ...row, attempts: JSON.parse(row.attempts) as readonly KeptAttempt[] }))
  }

  /** Rows of each table that holds what has not come to a good end. */
  async leftOver(): Promise<Readonly<Record<'deliveries' | 'dead_letters' | 'parked_records', number>>> {
    const [counts] = await this.#database.query<
      Record<'deliveries' | 'dead_letters' | 'parked_records', number>
    >(
      `select (select count(*) from ${this.#schema}.deliveries) as deliveries,
         (select count(*) from ${this.#schema}.dead_letters) as dead_letters,
         (select count(*) from ${this.#schema}.parked_records) as parked_records`,
    )
    if (counts === undefined) throw new Error('a select without a table has a row')
    return counts
  }

  async #deliveries(where: string, values: readonly unknown[]): Promise<readonly OpenDelivery[]> {
    const rows = await this.#database.query<{ id: string; in_flight: boolean; attempts: string }>(
      `select id, in_flight, attempts::text as attempts from ${this.#schema}.deliveries where ${where}`,
      values,
    )
    return rows.map(({ id, in_flight: inFlight, attempts }) => ({
      id,
      inFlight,
      attempts: JSON.parse(attempts) as readonly KeptAttempt[],
    }))
  }
}
