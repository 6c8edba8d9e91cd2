import { setTimeout as sleep } from 'node:timers/promises'

import { isMillraceError } from '../errors/millrace-error.ts'
import { createIdFactory, parseCommitId } from '../ids/ulid.ts'
import { checkClaim, checkDone, checkReleaseClaims } from './check-dedup.ts'
import type { ClaimOptions, Dedup, DedupClaim, DedupEntry, DoneOptions } from './dedup.ts'

/** Settings of {@link dedupWhenAway}. */
export interface DedupWhenAwayOptions {
  /**
   * What happens while the store is away. `fail-open`: every id counts as `unchecked` and gets a new commit id, so that a
   * repeat is recorded again. `wait`: nothing is claimed until the store is back.
   */
  readonly whenAway: 'fail-open' | 'wait'
  /** Ends a wait with the signal's reason. @defaultValue it waits for ever */
  readonly signal?: AbortSignal
  /** Told of every failure that was waited out or passed over. @defaultValue nothing is told */
  readonly onAway?: (error: unknown) => void
  /** Milliseconds between two tries of a wait. @defaultValue 250 */
  readonly retryMs?: number
}

const mint = createIdFactory()

function isAway(error: unknown): boolean {
  return isMillraceError(error) && error.code === 'ERR_CONNECTION'
}

class PatientDedup implements Dedup {
  readonly #dedup: Dedup
  readonly #options: DedupWhenAwayOptions

  constructor(dedup: Dedup, options: DedupWhenAwayOptions) {
    this.#dedup = dedup
    this.#options = options
  }

  async claim(source: string, ids: readonly string[], options: ClaimOptions): Promise<readonly DedupClaim[]> {
    checkClaim(source, ids, options)
    return await this.#reach(
      async () => await this.#dedup.claim(source, ids, options),
      () => ids.map((id): DedupClaim => ({ kind: 'unchecked', id, commitId: parseCommitId(mint()) })),
    )
  }

  async done(
    source: string,
    entries: readonly DedupEntry[],
    options?: DoneOptions,
  ): Promise<readonly string[]> {
    checkDone(source, entries, options)
    return await this.#reach(
      async () => await this.#dedup.done(source, entries, options),
      () => [],
    )
  }

  async release(source: string, ids: readonly string[], owner: string): Promise<void> {
    checkReleaseClaims(source, ids, owner)
    await this.#reach(
      async () => await this.#dedup.release(source, ids, owner),
      () => undefined,
    )
  }

  async #reach<T>(work: () => Promise<T>, without: () => T): Promise<T> {
    const { whenAway, signal, onAway, retryMs = 250 } = this.#options
    for (;;) {
      try {
        return await work()
      } catch (error) {
        if (!isAway(error)) throw error
        onAway?.(error)
        if (whenAway === 'fail-open') return without()
      }
      signal?.throwIfAborted()
      await sleep(retryMs, undefined, { ...(signal && { signal }) }).catch(() => signal?.throwIfAborted())
    }
  }
}

/**
 * Decides for one processor what becomes of its intake while the store of foreign ids cannot be reached: it goes on without,
 * or waits. Without this, every call throws {@link ConnectionError}.
 */
export function dedupWhenAway(dedup: Dedup, options: DedupWhenAwayOptions): Dedup {
  return new PatientDedup(dedup, options)
}
