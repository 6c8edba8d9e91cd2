import { formatPosition, holdLock } from '@millrace/contracts'
import type { HeldLock, LockDriver, LockProgress, Position } from '@millrace/contracts'

import { settledWithin, until } from '../clock/until.ts'
import type { RuntimeScope } from '../runtime/runtime-scope.ts'

/** Whose partition a permit is for, and how it is told of it. */
export interface PermitRequest {
  readonly scope: RuntimeScope
  readonly processor: string
  readonly partition: number
  /** Where the partition stands; undefined while it is not worked on. */
  readonly position: () => Position | undefined
  readonly onProblem: (error: unknown) => void
  readonly signal: AbortSignal
}

const releaseWithinMs = 250

/** The lock of a partition of a processor. */
function lockNameOf(processor: string, partition: number): string {
  return `processor/${processor}/${partition}`
}

/** `busy`: another process has the lock. `stopped`: the stop came before an answer. */
export type PermitKind = 'granted' | 'busy' | 'stopped'

const never = new AbortController().signal

/**
 * The right to ask for a partition's lease: its lock, where the runtime has a lock driver. The store's lease alone decides
 * who writes, so a driver that is away stops nobody who has the lease already.
 */
export class WorkPermit implements AsyncDisposable {
  readonly kind: PermitKind
  /** Aborted once the lock is somebody else's; never, where there are no locks. */
  readonly lost: AbortSignal
  readonly #held: HeldLock | undefined
  readonly #onProblem: (error: unknown) => void

  private constructor(kind: PermitKind, held: HeldLock | undefined, onProblem: (error: unknown) => void) {
    this.kind = kind
    this.lost = held?.lost ?? never
    this.#held = held
    this.#onProblem = onProblem
  }

  /** @throws {@link LockDriverUnavailableError} */
  static async ask(request: PermitRequest): Promise<WorkPermit> {
    const { scope, processor, partition, onProblem, signal } = request
    const { locks, owner, leaseTtlMs: ttlMs } = scope
    if (locks === undefined) return new WorkPermit('granted', undefined, onProblem)
    const asking = locks.acquire(lockNameOf(processor, partition), { owner, ttlMs })
    try {
      const asked = await until(asking, signal)
      if (asked.kind === 'busy') return new WorkPermit('busy', undefined, onProblem)
      const progress = async (): Promise<LockProgress | undefined> => await progressOf(request)
      const held = holdLock(locks, asked.lock, { ttlMs, progress, onProblem })
      return new WorkPermit('granted', held, onProblem)
    } catch (error) {
      if (!signal.aborted) throw error
      await settledWithin(giveBack(locks, asking), releaseWithinMs)
      return new WorkPermit('stopped', undefined, onProblem)
    }
  }

  /** Gives the lock back; never rejects, as one that is not given back ends by itself. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#held === undefined) return
    await settledWithin(this.#held[Symbol.asyncDispose]().catch(this.#onProblem), releaseWithinMs)
  }
}

async function giveBack(locks: LockDriver, asking: ReturnType<LockDriver['acquire']>): Promise<void> {
  const late = await asking
  if (late.kind === 'granted') await locks.release(late.lock)
}

/** Commits between here and the head; a log that is away is no news of the lock. */
async function progressOf({ scope, position }: PermitRequest): Promise<LockProgress | undefined> {
  const at = position()
  if (at === undefined) return undefined
  try {
    const head = await scope.log.head()
    return { mark: formatPosition(at), behind: Math.max(0, head.commit - at.commit) }
  } catch {
    return undefined
  }
}
