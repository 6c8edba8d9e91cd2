import { isMillraceError } from '@millrace/contracts'
import type { CacheStore, StoredValue, StoreEntry, WriteTicket } from '@millrace/contracts'

/** Settings of a {@link SharedLevel}. */
export interface SharedLevelOptions {
  readonly awayMs: number
  readonly onFailure: (error: unknown) => void
}

/** The level processes share, done without while it is away: nobody waits for it, and few try. */
export class SharedLevel {
  readonly #store: CacheStore
  readonly #options: SharedLevelOptions
  #awayUntil = 0

  constructor(store: CacheStore, options: SharedLevelOptions) {
    this.#store = store
    this.#options = options
  }

  /** Undefined while the store is away. */
  async read(key: string, tags: readonly string[]): Promise<StoredValue | undefined> {
    return await this.#reach(async () => await this.#store.read(key, tags))
  }

  async write(key: string, entry: StoreEntry, ticket?: WriteTicket): Promise<void> {
    await this.#reach(async () => await this.#store.write(key, entry, ticket))
  }

  async #reach<T>(work: () => Promise<T>): Promise<T | undefined> {
    if (performance.now() < this.#awayUntil) return undefined
    try {
      return await work()
    } catch (error) {
      if (!isMillraceError(error) || error.code !== 'ERR_CONNECTION') throw error
      this.#awayUntil = performance.now() + this.#options.awayMs
      this.#options.onFailure(error)
      return undefined
    }
  }
}
