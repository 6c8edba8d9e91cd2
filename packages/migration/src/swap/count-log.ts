import type { EventStore, Position } from '@millrace/contracts'

import { readCommits } from '../copy/source-commits.ts'

/** Counts what is in a log, and goes on counting where it stopped. */
export class LogCount {
  readonly #store: EventStore
  #at: Position | undefined
  #commits = 0
  #events = 0

  constructor(store: EventStore) {
    this.#store = store
  }

  get commits(): number {
    return this.#commits
  }

  get events(): number {
    return this.#events
  }

  /** Counts on until where the log ends now. */
  async go(signal: AbortSignal | undefined): Promise<void> {
    const { log } = this.#store
    const after = (this.#at ??= await log.beginning())
    const reading = { after, until: await log.head(), batchSize: 5_000, signal }
    for await (const { commits, end } of readCommits(this.#store, reading)) {
      this.#commits += commits.length
      for (const { events } of commits) this.#events += events.length
      this.#at = end
    }
  }
}
