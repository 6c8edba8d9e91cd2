import { inSchema } from '../sql/schema-name.ts'
import type { SchemaName } from '../sql/schema-name.ts'
import type { SqlDatabase } from '../sql/sql-database.ts'

const make = 'select :schema.make_events_partitions($1) as again'

/** Settings of {@link PartitionUpkeep}. */
export interface PartitionUpkeepOptions {
  /** Told of a run that failed; it is tried again. */
  readonly onFailure: (error: unknown) => void
}

/** So many partitions are there before the log needs them. */
const ahead = 1
/** A new schema has two, of ten million commits each: nothing is to be done before the first is half full. */
const firstAt = 5_000_000
/** Commits until a run that failed is tried again. */
const failurePause = 10_000

/**
 * Makes partitions of the events ahead of the commits that need them. Whoever appends begins it; that costs a comparison
 * but once in five million commits, and it neither waits nor fails: what has no partition goes into the default one.
 */
export class PartitionUpkeep {
  readonly #database: SqlDatabase
  readonly #schema: SchemaName
  readonly #onFailure: (error: unknown) => void
  #nextAt = firstAt
  #running: Promise<void> | undefined

  constructor(database: SqlDatabase, schema: SchemaName, { onFailure }: PartitionUpkeepOptions) {
    this.#database = database
    this.#schema = schema
    this.#onFailure = onFailure
  }

  /** Starts a run that is due, beside the caller's work. */
  noticed(commit: number): void {
    if (commit < this.#nextAt || this.#running !== undefined) return
    this.#running = this.#run(commit).finally(() => {
      this.#running = undefined
    })
  }

  /** Resolves when no run is under way; never rejects. */
  async settled(): Promise<void> {
    await this.#running
  }

  async #run(commit: number): Promise<void> {
    try {
      const [row] = await this.#database.query<{ again: number }>(inSchema(make, this.#schema), [ahead])
      this.#nextAt = row?.again ?? commit + failurePause
    } catch (error) {
      this.#nextAt = commit + failurePause
      this.#onFailure(error)
    }
  }
}
