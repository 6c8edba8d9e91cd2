import { findZombies } from '@millrace/contracts'
import type { LockDriver, LockView as Lock, ZombieLock } from '@millrace/contracts'

import { checkActor, checkText } from './arguments.ts'

/** A lock held for one piece of work: `processor/<name>/<partition>`, `rebuild/<projection>`, or a user's own. */
export interface LockView {
  readonly name: string
  /** `expired`: it ended without being released, and nobody has taken it since. */
  readonly state: 'held' | 'expired' | 'free'
  readonly owner: string | null
  readonly epoch: number
  readonly acquiredAt: string | null
  readonly renewedAt: string | null
  readonly expiresAt: string | null
  /** What its holder told last; `since` is when it last went on or had nothing to do. */
  readonly progress: { readonly mark: string; readonly behind: number; readonly since: string } | null
  /** Set where the holder is dead (`expired`) or renews the lock without going on with its work (`stalled`). */
  readonly zombie: { readonly reason: 'expired' | 'stalled'; readonly ageSeconds: number } | null
  /** The operator who released it last, until it was taken again. */
  readonly forcedBy: string | null
}

const iso = (time: Date | undefined): string | null => time?.toISOString() ?? null

function lockView(lock: Lock, zombie: ZombieLock | undefined): LockView {
  const { name, state, owner, epoch, acquiredAt, renewedAt, expiresAt, progress, forcedBy } = lock
  return {
    name,
    state,
    owner: owner ?? null,
    epoch,
    acquiredAt: iso(acquiredAt),
    renewedAt: iso(renewedAt),
    expiresAt: iso(expiresAt),
    progress:
      progress === undefined
        ? null
        : { mark: progress.mark, behind: progress.behind, since: progress.since.toISOString() },
    zombie:
      zombie === undefined
        ? null
        : { reason: zombie.reason, ageSeconds: Math.floor(Math.max(0, zombie.ageMs) / 1000) },
    forcedBy: forcedBy ?? null,
  }
}

/** Every lock in order of names. */
export async function listLocks(locks: LockDriver): Promise<readonly LockView[]> {
  const all = await locks.list()
  const zombies = new Map(findZombies(all).map((zombie) => [zombie.lock.name, zombie]))
  return all.map((lock) => lockView(lock, zombies.get(lock.name)))
}

/** Takes a lock from its holder; undefined where nobody ever locked the name. */
export async function releaseLock(
  locks: LockDriver,
  name: string,
  by: string,
): Promise<{ readonly name: string; readonly released: boolean } | undefined> {
  checkText('name', name)
  const actor = checkActor(by)
  if ((await locks.inspect(name)) === undefined) return undefined
  return { name, released: await locks.forceRelease(name, actor) }
}
