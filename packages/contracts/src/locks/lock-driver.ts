/** The right to do one piece of work alone, until it expires by the driver's clock. */
export interface Lock {
  readonly name: string
  /** Who holds it, for people: a process, or a piece of work in one. */
  readonly owner: string
  /** Of this one grant; what proves the holder to the driver. */
  readonly token: string
  /** Grows with each grant of the name and never falls; a write that carries it can be refused once it has passed. */
  readonly epoch: number
  /** When it was to end as it was granted; renewals move the end. */
  readonly expiresAt: Date
}

/** The outcome of asking for a lock. */
export type LockAttempt =
  | { readonly kind: 'granted'; readonly lock: Lock }
  | { readonly kind: 'busy'; readonly heldBy: string; readonly until: Date }

/** Options of {@link LockDriver.acquire}. */
export interface AcquireLockOptions {
  readonly owner: string
  /** Milliseconds the lock outlives its last renewal: 1 to 3,600,000. */
  readonly ttlMs: number
  /**
   * The granted epoch is above this one too: what a fence elsewhere has seen, so that a driver that lost its keys, or took
   * another one's place, does not grant epochs of the past. @defaultValue 0
   */
  readonly above?: number
}

/** How far the holder has got, told with a renewal. */
export interface LockProgress {
  /** Any text that is another one once work went on, like a position; 1 to 200 characters. */
  readonly mark: string
  /** What is left to do; 0 where the holder only waits for more. */
  readonly behind: number
}

/** A lock as the driver has it. */
export interface LockView {
  readonly name: string
  /** Of the last grant. */
  readonly epoch: number
  /** `expired`: it ended without being released, and nobody has taken it since. */
  readonly state: 'held' | 'expired' | 'free'
  /** Undefined while it is free. */
  readonly owner: string | undefined
  /** Undefined while it is free, like the next two. */
  readonly acquiredAt: Date | undefined
  /** Of the last renewal, or of the grant. */
  readonly renewedAt: Date | undefined
  readonly expiresAt: Date | undefined
  /** What the holder told last; `since` is when it last went on or had nothing to do. Undefined where it told nothing. */
  readonly progress: (LockProgress & { readonly since: Date }) | undefined
  /** The operator who forced the last release; undefined once it was granted again. */
  readonly forcedBy: string | undefined
  /** The driver's clock when this was read. */
  readonly readAt: Date
}

/**
 * Locks that several processes ask for. Every adapter passes `lockDriverContract`. Time is the driver's clock throughout.
 *
 * A lock decides who may try; it keeps nobody from writing who was overtaken without knowing it (a process that stood
 * still). That is for whoever takes the write: it compares the lock's epoch with the highest it has seen, in the
 * transaction of the write, and refuses a lower one with {@link FencedError}.
 *
 * All methods throw {@link InvalidValueError} for bad input and {@link LockDriverUnavailableError} where the driver cannot be
 * reached; then nobody can say whether the change was made. A grant whose answer was lost ends by itself.
 */
export interface LockDriver {
  /** Takes the lock under the next epoch, unless somebody (the same owner too) holds it and it has not expired. */
  acquire(name: string, options: AcquireLockOptions): Promise<LockAttempt>
  /** Extends the lock to `ttlMs` from now, also an expired one nobody took. @throws {@link FencedError} */
  renew(lock: Lock, ttlMs: number, progress?: LockProgress): Promise<void>
  /** Gives the lock back at once; nothing happens if it has passed on. */
  release(lock: Lock): Promise<void>
  /** Undefined for a name nobody ever locked. */
  inspect(name: string): Promise<LockView | undefined>
  /** Every name that was ever locked, in code unit order. */
  list(): Promise<readonly LockView[]>
  /**
   * Takes the lock from its holder under a new epoch, for an operator; false where it is free. The holder finds out at its
   * next renewal, and what it writes meanwhile is refused where epochs are compared.
   */
  forceRelease(name: string, by: string): Promise<boolean>
}
