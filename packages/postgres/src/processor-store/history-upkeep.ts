import type { Ledger } from './ledger.ts'

const maintain = `select :schema.maintain_delivery_history($1) as again_ms`

/** Settings of {@link HistoryUpkeep}. */
export interface HistoryUpkeepOptions {
  readonly keepDays: number
  /** Milliseconds of a clock that never goes back. */
  readonly monotonic: () => number
  /** Told of a run that failed; the next one comes a minute later. */
  readonly onFailure: (error: unknown) => void
}

const failurePauseMs = 60_000

/**
 * Makes the history's partitions ahead of the rows that need them and drops old ones. Whoever keeps a lease or writes
 * history begins it; that costs a comparison but once a day, and it neither waits nor fails.
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

  /** Starts a run that is due, beside the caller's work: while it lasts, or fails, the default partition serves. */
  begin(): void {
    void this.ensure()
  }

  /** {@link HistoryUpkeep.begin}, and resolves when no run is under way; never rejects. */
  async ensure(): Promise<void> {
    if (this.#options.monotonic() < this.#nextAt) return
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined
    })
    await this.#running
  }

  async #run(): Promise<void> {
    const { keepDays, monotonic, onFailure } = this.#options
    try {
      const [row] = await this.#ledger.database.query<{ again_ms: number }>(this.#ledger.sql(maintain), [
        keepDays,
      ])
      this.#nextAt = monotonic() + (row?.again_ms ?? 0)
    } catch (error) {
      this.#nextAt = monotonic() + failurePauseMs
      onFailure(error)
    }
  }
}
