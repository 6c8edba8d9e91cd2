/** What a store found at a key; `endsAt` is when it ends, in epoch milliseconds of who wrote it. */
export type StoredValue =
  | { readonly kind: 'hit'; readonly text: string; readonly endsAt: number }
  /** The absence of a value is known. */
  | { readonly kind: 'absent'; readonly endsAt: number }
  | { readonly kind: 'miss'; readonly ticket: WriteTicket }

/** What a later write has to find unchanged; only the store that gave it can read it. */
export type WriteTicket = { readonly ticket: unknown }

/** What is kept; no text stands for a known absence. */
export interface StoreEntry {
  readonly text: string | undefined
  readonly ttlMs: number
  /** Epoch milliseconds of this process. */
  readonly endsAt: number
  readonly tags: readonly string[]
}

/** Told of what other processes, or this one, invalidated. */
export interface InvalidationListener {
  readonly invalidated: (what: {
    readonly keys: readonly string[]
    readonly tags: readonly string[]
    /** Whether nothing of them may be left in memory either. */
    readonly erased: boolean
  }) => void
  /** Invalidations may have been missed since; until {@link InvalidationListener.connected} more may be. */
  readonly disconnected: () => void
  readonly connected: () => void
}

/**
 * The level of a cache that processes share. Keys and tags come as digests of what the user calls them. All methods but
 * `watch` throw {@link ConnectionError} where the store cannot be reached.
 */
export interface CacheStore {
  /** For people: `redis`. */
  readonly name: string
  /** An entry counts only while none of its tags was invalidated after it was written; the tags must be those it has. */
  read(key: string, tags: readonly string[]): Promise<StoredValue>
  /** Keeps an entry. Under a ticket only if neither the key nor a tag was written or invalidated since the ticket. */
  write(key: string, entry: StoreEntry, ticket?: WriteTicket): Promise<void>
  invalidate(keys: readonly string[], tags: readonly string[]): Promise<void>
  /**
   * Invalidates a tag that was never invalidated but so, and takes away every entry that depends on it. No write that began
   * before keeps anything.
   */
  erase(tag: string): Promise<void>
  /** Tells of invalidations until disposed of; begins with `connected` once it can. */
  watch(listener: InvalidationListener): AsyncDisposable
}
