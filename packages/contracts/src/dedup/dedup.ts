import type { CommitId } from '../ids/ulid.ts'

/** What became of one id of a claim. */
export type DedupClaim =
  /** Seen for the first time, or forgotten: to be recorded under this new commit id. */
  | { readonly kind: 'new'; readonly id: string; readonly commitId: CommitId }
  /** An earlier claim ended without being done (its owner crashed, or gave it back): again, under the id it had. */
  | { readonly kind: 'retry'; readonly id: string; readonly commitId: CommitId }
  /** Somebody else is at it, until then at most. */
  | { readonly kind: 'processing'; readonly id: string; readonly until: Date }
  /** Recorded under this commit id. */
  | { readonly kind: 'done'; readonly id: string; readonly commitId: CommitId }
  /** The store is away and the caller goes on without it: see {@link dedupWhenAway}. May repeat what was done. */
  | { readonly kind: 'unchecked'; readonly id: string; readonly commitId: CommitId }

/** A foreign id with the commit id it was recorded under. */
export interface DedupEntry {
  readonly id: string
  readonly commitId: CommitId
}

/** Options of {@link Dedup.claim}. */
export interface ClaimOptions {
  /** Of this attempt: a process, or a piece of work in one; 1 to 200 characters. */
  readonly owner: string
  /** Milliseconds after which a claim that was neither done nor released is free: 1 to 3,600,000, and no more than `ttlMs`. */
  readonly leaseMs: number
  /** Milliseconds an id is remembered: 1 to 31 days. @defaultValue 86_400_000 */
  readonly ttlMs?: number
}

/** Options of {@link Dedup.done}. */
export interface DoneOptions {
  /** Milliseconds it is remembered from now on: 1 to 31 days. @defaultValue 86_400_000 */
  readonly ttlMs?: number
}

/**
 * Tells at intake what a source that repeats itself has sent before. An id is identified by its source and its whole text;
 * with it lies the commit id minted for it, so that whoever tries again records the same commit. Every adapter passes
 * `dedupContract`. Time is the store's.
 *
 * It is the first of two guards: a claim that outlived its lease is granted to another one under the same commit id, and
 * the event store refuses the second commit of that id.
 *
 * All methods take 1 to 1,000 ids of a source of 1 to 63 bytes and of 1 to 255 bytes each, and throw
 * {@link InvalidValueError} for bad input and {@link ConnectionError} where the store cannot be reached.
 */
export interface Dedup {
  /** Claims all ids in one step; the outcomes are in their order. The second of two equal ids finds the first one's claim. */
  claim(source: string, ids: readonly string[], options: ClaimOptions): Promise<readonly DedupClaim[]>
  /**
   * Remembers that these were recorded, also where the claim was forgotten meanwhile. Gives the ids that are now somebody
   * else's under another commit id, of which nothing is changed.
   */
  done(source: string, entries: readonly DedupEntry[], options?: DoneOptions): Promise<readonly string[]>
  /** Frees claims of this owner at once, under the commit ids they have; others are left alone. */
  release(source: string, ids: readonly string[], owner: string): Promise<void>
}
