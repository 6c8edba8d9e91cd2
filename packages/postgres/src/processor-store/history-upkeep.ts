import type { Ledger } from './ledger.ts'

const maintain = `select :schema.maintain_delivery_history($1) as again_ms`

/** Settings of {@link HistoryUpkeep}. */
export interface HistoryUpkeepOptions {
  readonly keepDays: number
  /** Milliseconds of a clock that never goes back. */
  readonly monotonic: () => number
}

/**
 * Makes the history's partitions ahead of the rows that need them and drops old ones. Whoever writes history asks for
 * it first; it costs a comparison but once a day.
 */
export class HistoryUpkeep {
  readonly #ledger: Ledger
  readonly #options: HistoryUpkeepOptions
  #nextAt = Number.NEGATIVE_INFINITY
  #running: Promise<void> | undefined

  constructor(ledger: Ledger, options: HistoryUpkeepOptions) {
    this.#ledger = ledger
    this.#options = options
  }

  /** Resolves when today's partition is there, or when it cannot be made now and the default partition serves. */
  async ensure(): Promise<void> {
    if (this.#options.monotonic() < this.#nextAt) return
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined
    })
    await this.#running
  }

  async #run(): Promise<void> {
    const { keepDays, monotonic } = this.#options
    const [row] = await this.#ledger.database.query<{ again_ms: number }>(this.#ledger.sql(maintain), [
      keepDays,
    ])
    this.#nextAt = monotonic() + (row?.again_ms ?? 0)
  }
}
