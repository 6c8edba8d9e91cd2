import { randomUUID } from 'node:crypto'

import {
  checkAcquireLock,
  checkForceRelease,
  checkLockName,
  checkRenewLock,
  FencedError,
} from '@millrace/contracts'
import type {
  AcquireLockOptions,
  Lock,
  LockAttempt,
  LockDriver,
  LockProgress,
  LockView,
} from '@millrace/contracts'

/** Who has the lock; times in epoch milliseconds. */
interface Holding {
  readonly owner: string
  readonly token: string
  readonly acquiredAt: number
  readonly renewedAt: number
  readonly expiresAt: number
  readonly progress: (LockProgress & { readonly since: number }) | undefined
}

interface Entry {
  readonly epoch: number
  readonly holding: Holding | undefined
  readonly forcedBy: string | undefined
}

/** Settings of {@link openMemoryLocks}. */
export interface MemoryLocksOptions {
  /** Current time in epoch milliseconds. @defaultValue `Date.now` */
  readonly now?: () => number
}

function viewOf(name: string, { epoch, holding, forcedBy }: Entry, now: number): LockView {
  const readAt = new Date(now)
  const free = {
    owner: undefined,
    acquiredAt: undefined,
    renewedAt: undefined,
    expiresAt: undefined,
    progress: undefined,
  }
  if (holding === undefined) return { name, epoch, state: 'free', ...free, forcedBy, readAt }
  const { owner, acquiredAt, renewedAt, expiresAt, progress } = holding
  return {
    name,
    epoch,
    state: expiresAt <= now ? 'expired' : 'held',
    owner,
    acquiredAt: new Date(acquiredAt),
    renewedAt: new Date(renewedAt),
    expiresAt: new Date(expiresAt),
    progress: progress && { ...progress, since: new Date(progress.since) },
    forcedBy,
    readAt,
  }
}

/** When the holder last went on: now, unless it says the same as before with work left. */
function progressed(holding: Holding, told: LockProgress | undefined, now: number): Holding['progress'] {
  const before = holding.progress
  if (told === undefined) return before
  const { mark, behind } = told
  const stands = before !== undefined && before.mark === mark && behind > 0
  return { mark, behind, since: stands ? before.since : now }
}

class MemoryLocks implements LockDriver {
  readonly #entries = new Map<string, Entry>()
  readonly #now: () => number

  constructor(now: () => number) {
    this.#now = now
  }

  async acquire(name: string, options: AcquireLockOptions): Promise<LockAttempt> {
    checkAcquireLock(name, options)
    const now = this.#now()
    const { epoch: last = 0, holding } = this.#entries.get(name) ?? {}
    if (holding !== undefined && holding.expiresAt > now)
      return { kind: 'busy', heldBy: holding.owner, until: new Date(holding.expiresAt) }
    const { owner, ttlMs, above = 0 } = options
    const [epoch, token, expiresAt] = [Math.max(last, above) + 1, randomUUID(), now + ttlMs]
    const taken: Holding = { owner, token, acquiredAt: now, renewedAt: now, expiresAt, progress: undefined }
    this.#entries.set(name, { epoch, holding: taken, forcedBy: undefined })
    return { kind: 'granted', lock: { name, owner, token, epoch, expiresAt: new Date(expiresAt) } }
  }

  async renew(lock: Lock, ttlMs: number, progress?: LockProgress): Promise<void> {
    checkRenewLock(ttlMs, progress)
    const entry = this.#entries.get(lock.name)
    const holding = entry?.holding
    if (entry === undefined || holding === undefined || holding.token !== lock.token) {
      const currentEpoch = holding === undefined ? undefined : entry?.epoch
      throw new FencedError(`lock ${lock.name}`, { epoch: lock.epoch, currentEpoch })
    }
    const now = this.#now()
    const renewed = { ...holding, renewedAt: now, expiresAt: now + ttlMs }
    this.#entries.set(lock.name, {
      ...entry,
      holding: { ...renewed, progress: progressed(holding, progress, now) },
    })
  }

  async release(lock: Lock): Promise<void> {
    const entry = this.#entries.get(lock.name)
    if (entry?.holding?.token === lock.token) this.#entries.set(lock.name, { ...entry, holding: undefined })
  }

  async inspect(name: string): Promise<LockView | undefined> {
    checkLockName(name)
    const entry = this.#entries.get(name)
    return entry && viewOf(name, entry, this.#now())
  }

  async list(): Promise<readonly LockView[]> {
    const now = this.#now()
    return [...this.#entries]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, entry]) => viewOf(name, entry, now))
  }

  async forceRelease(name: string, by: string): Promise<boolean> {
    checkForceRelease(name, by)
    const entry = this.#entries.get(name)
    if (entry?.holding === undefined) return false
    this.#entries.set(name, { epoch: entry.epoch + 1, holding: undefined, forcedBy: by })
    return true
  }
}

/** Locks between the tasks of this process, gone with it. */
export function openMemoryLocks({ now = Date.now }: MemoryLocksOptions = {}): LockDriver {
  return new MemoryLocks(now)
}
