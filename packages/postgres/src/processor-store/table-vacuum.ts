import type { Ledger } from './ledger.ts'

const vacuum = `vacuum (analyze) :schema.deliveries`

/** Each leaves some 350 bytes behind, so that the table stays below 10 MB beside what is open. */
const defaultEvery = 20_000

/**
 * Embedded Postgres has no autovacuum: without this the table of open deliveries would grow with every one that ends.
 * A server looks after itself.
 */
export class TableVacuum {
  readonly #ledger: Ledger
  readonly #every: number
  #ended: number

  constructor(ledger: Ledger, every: number = defaultEvery) {
    this.#ledger = ledger
    this.#every = every
    // What an earlier process left is cleaned up by the first delivery to end.
    this.#ended = every
  }

  /** To be called before deliveries end. */
  async ensure(ending: number): Promise<void> {
    if (this.#ledger.database.kind === 'pg') return
    if (this.#ended >= this.#every) {
      this.#ended = 0
      await this.#ledger.database.execute(this.#ledger.sql(vacuum))
    }
    this.#ended += ending
  }
}
