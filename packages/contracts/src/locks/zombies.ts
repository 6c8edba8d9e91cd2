import type { LockView } from './lock-driver.ts'

/** A lock that keeps others from work nobody does. */
export interface ZombieLock {
  readonly lock: LockView
  /**
   * `expired`: its holder neither renewed nor released it. `stalled`: its holder renews it, has work left, and has not gone
   * on with it.
   */
  readonly reason: 'expired' | 'stalled'
  /** Milliseconds since it ended, or since its holder last went on. */
  readonly ageMs: number
}

/** Options of {@link findZombies}. */
export interface ZombieOptions {
  /** Milliseconds a holder with work left may stand still. @defaultValue 60_000 */
  readonly stalledAfterMs?: number
}

/** The locks whose holder is dead or hangs, oldest first; ages are by the driver's clock. */
export function findZombies(
  locks: readonly LockView[],
  { stalledAfterMs = 60_000 }: ZombieOptions = {},
): readonly ZombieLock[] {
  return locks
    .map((lock) => judge(lock, stalledAfterMs))
    .filter((zombie) => zombie !== undefined)
    .toSorted((a, b) => b.ageMs - a.ageMs)
}

function judge(lock: LockView, stalledAfterMs: number): ZombieLock | undefined {
  const { state, expiresAt, progress, readAt } = lock
  if (state === 'expired' && expiresAt !== undefined)
    return { lock, reason: 'expired', ageMs: readAt.getTime() - expiresAt.getTime() }
  // A holder that told nothing of its progress cannot be judged by it.
  if (state !== 'held' || progress === undefined || progress.behind === 0) return undefined
  const ageMs = readAt.getTime() - progress.since.getTime()
  return ageMs < stalledAfterMs ? undefined : { lock, reason: 'stalled', ageMs }
}
