import { LRUCache } from 'lru-cache'

/** A value in this process; no text stands for a known absence. */
export interface LocalEntry {
  readonly text: string | undefined
  readonly tags: readonly string[]
}

interface Kept extends LocalEntry {
  /** When it was kept, counted in invalidations. */
  readonly since: number
}

/** Settings of a {@link LocalLevel}. */
export interface LocalLevelOptions {
  readonly maxBytes: number
  readonly onEvicted: () => void
}

/** What an entry takes beside its texts: measured at 150 to 300 bytes. */
const overheadBytes = 250
/** From so many invalidated tags on, everything is forgotten instead of remembering them all. */
const maxInvalidatedTags = 10_000

/** The level of a cache in this process: as many bytes as it may have, the longest unused leaves first. */
export class LocalLevel {
  readonly #entries: LRUCache<string, Kept>
  /** When each tag was invalidated last. */
  readonly #invalidated = new Map<string, number>()
  #now = 0

  constructor({ maxBytes, onEvicted }: LocalLevelOptions) {
    this.#entries = new LRUCache({
      maxSize: maxBytes,
      // A text is held as one or two bytes a character; two are counted.
      sizeCalculation: ({ text = '', tags }, key) =>
        overheadBytes + 2 * (text.length + key.length + tags.join('').length),
      disposeAfter: (_entry, _key, reason) => {
        if (reason === 'evict') onEvicted()
      },
    })
  }

  get bytes(): number {
    return this.#entries.calculatedSize
  }

  get(key: string): LocalEntry | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    if (entry.tags.every((tag) => (this.#invalidated.get(tag) ?? -1) < entry.since)) return entry
    this.#entries.delete(key)
    return undefined
  }

  set(key: string, { text, tags }: LocalEntry, ttlMs: number): void {
    this.#entries.set(key, { text, tags, since: this.#now }, { ttl: Math.max(1, Math.round(ttlMs)) })
  }

  forget(keys: readonly string[], tags: readonly string[]): void {
    for (const key of keys) this.#entries.delete(key)
    if (tags.length === 0) return
    if (this.#invalidated.size + tags.length > maxInvalidatedTags) {
      this.clear()
      return
    }
    for (const tag of tags) this.#invalidated.set(tag, this.#now)
    this.#now += 1
  }

  /** Takes away what depends on a tag, instead of passing it over until its room is needed. */
  erase(tag: string): void {
    for (const [key, { tags }] of this.#entries.entries()) if (tags.includes(tag)) this.#entries.delete(key)
  }

  clear(): void {
    this.#entries.clear()
    this.#invalidated.clear()
  }
}
