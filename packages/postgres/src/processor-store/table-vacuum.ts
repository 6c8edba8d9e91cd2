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
  readonly #onFailure: (error: unknown) => void
  readonly #every: number
  #ended: number

  constructor(
    ledger: Ledger,
    options: { readonly onFailure: (error: unknown) => void; readonly every?: number },
  ) {
    const { onFailure, every = defaultEvery } = options
    this.#ledger = ledger
    this.#onFailure = onFailure
    this.#every = every
    // What an earlier process left is cleaned up by the first delivery to end.
    this.#ended = every
  }

  /** To be called before deliveries end; a vacuum that is due runs in front of them, and its failure is not theirs. */
  begin(ending: number): void {
    if (this.#ledger.database.kind === 'pg') return
    if (this.#ended >= this.#every) {
      this.#ended = 0
      this.#ledger.database.execute(this.#ledger.sql(vacuum)).catch(this.#onFailure)
    }
    this.#ended += ending
  }
}
