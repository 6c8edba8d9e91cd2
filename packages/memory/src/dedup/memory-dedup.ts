import {
  checkClaim,
  checkDone,
  checkReleaseClaims,
  createIdFactory,
  defaultDedupTtlMs,
  parseCommitId,
} from '@millrace/contracts'
import type { ClaimOptions, CommitId, Dedup, DedupClaim, DedupEntry, DoneOptions } from '@millrace/contracts'

/** What is known of an id; times in epoch milliseconds. */
interface Known {
  readonly commitId: CommitId
  /** Undefined once it is done. */
  readonly claim: { readonly owner: string; readonly until: number } | undefined
  readonly expiresAt: number
}

/** Settings of {@link openMemoryDedup}. */
export interface MemoryDedupOptions {
  /** Current time in epoch milliseconds. @defaultValue `Date.now` */
  readonly now?: () => number
}

/** Ids of one call, at the most, that are looked through for what has expired, for each id that is written. */
const sweepFactor = 2

class MemoryDedup implements Dedup {
  readonly #now: () => number
  readonly #mint = createIdFactory()
  readonly #known = new Map<string, Known>()
  #sweep: Iterator<[string, Known]> | undefined

  constructor(now: () => number) {
    this.#now = now
  }

  async claim(source: string, ids: readonly string[], options: ClaimOptions): Promise<readonly DedupClaim[]> {
    checkClaim(source, ids, options)
    this.#forgetSome(ids.length * sweepFactor)
    return ids.map((id) => this.#claimOne(source, id, options))
  }

  async done(
    source: string,
    entries: readonly DedupEntry[],
    options: DoneOptions = {},
  ): Promise<readonly string[]> {
    checkDone(source, entries, options)
    const expiresAt = this.#now() + (options.ttlMs ?? defaultDedupTtlMs)
    const lost: string[] = []
    for (const { id, commitId } of entries) {
      const known = this.#find(source, id)
      if (known !== undefined && known.commitId !== commitId) lost.push(id)
      else this.#known.set(keyOf(source, id), { commitId, claim: undefined, expiresAt })
    }
    return lost
  }

  async release(source: string, ids: readonly string[], owner: string): Promise<void> {
    checkReleaseClaims(source, ids, owner)
    for (const id of ids) {
      const known = this.#find(source, id)
      if (known?.claim?.owner === owner)
        this.#known.set(keyOf(source, id), { ...known, claim: { owner, until: 0 } })
    }
  }

  #claimOne(source: string, id: string, options: ClaimOptions): DedupClaim {
    const { owner, leaseMs, ttlMs = defaultDedupTtlMs } = options
    const [now, known] = [this.#now(), this.#find(source, id)]
    if (known !== undefined && known.claim === undefined)
      return { kind: 'done', id, commitId: known.commitId }
    if (known?.claim !== undefined && known.claim.until > now)
      return { kind: 'processing', id, until: new Date(known.claim.until) }
    const commitId = known?.commitId ?? parseCommitId(this.#mint())
    const claim = { owner, until: now + leaseMs }
    this.#known.set(keyOf(source, id), { commitId, claim, expiresAt: now + ttlMs })
    return { kind: known === undefined ? 'new' : 'retry', id, commitId }
  }

  #find(source: string, id: string): Known | undefined {
    const known = this.#known.get(keyOf(source, id))
    return known !== undefined && known.expiresAt > this.#now() ? known : undefined
  }

  /** A look at a few at a time, so that what nobody asks for again does not stay for ever. */
  #forgetSome(count: number): void {
    const now = this.#now()
    for (let i = 0; i < count; i++) {
      this.#sweep ??= this.#known.entries()
      const next = this.#sweep.next()
      if (next.done === true) {
        this.#sweep = undefined
        return
      }
      const [key, { expiresAt }] = next.value
      if (expiresAt <= now) this.#known.delete(key)
    }
  }
}

function keyOf(source: string, id: string): string {
  return `${source}\0${id}`
}

/** Foreign ids in this process, gone with it. */
export function openMemoryDedup({ now = Date.now }: MemoryDedupOptions = {}): Dedup {
  return new MemoryDedup(now)
}
