import { isMillraceError } from '../errors/millrace-error.ts'
import { checkLockTtl } from './check-lock.ts'
import type { Lock, LockDriver, LockProgress } from './lock-driver.ts'

/** Settings of {@link holdLock}. */
export interface HoldLockOptions {
  /** Milliseconds, as it was acquired; it is renewed three times in that time. */
  readonly ttlMs: number
  /**
   * Asked at each renewal, so that a holder that hangs shows. What it throws, and that it takes longer than a sixth of
   * `ttlMs`, is a problem like one of the driver, but costs nothing: the lock is renewed without it.
   */
  readonly progress?: () => LockProgress | undefined | Promise<LockProgress | undefined>
  /** Told of a renewal that failed and is tried again. @defaultValue nothing is told */
  readonly onProblem?: (error: unknown) => void
}

/**
 * A lock that is renewed until it is disposed of (which gives it back) or lost. A driver that is away costs nothing yet:
 * if nobody took the lock meanwhile, the next renewal keeps it.
 */
export class HeldLock implements AsyncDisposable {
  readonly lock: Lock
  readonly #driver: LockDriver
  readonly #options: HoldLockOptions
  readonly #lost = new AbortController()
  #timer: NodeJS.Timeout | undefined
  #renewing: Promise<void> | undefined
  #ended = false

  constructor(driver: LockDriver, lock: Lock, options: HoldLockOptions) {
    this.lock = lock
    this.#driver = driver
    this.#options = options
    this.#later()
  }

  /** Aborted with the {@link FencedError} once somebody else has the lock, or an operator took it. */
  get lost(): AbortSignal {
    return this.#lost.signal
  }

  /** Renews it now. @throws {@link FencedError} {@link LockDriverUnavailableError} */
  async renew(): Promise<void> {
    try {
      await this.#driver.renew(this.lock, this.#options.ttlMs, await this.#progress())
    } catch (error) {
      if (isMillraceError(error) && error.code === 'ERR_FENCED') {
        this.#ended = true
        this.#lost.abort(error)
      }
      throw error
    }
  }

  /** Stops renewing and gives the lock back. @throws {@link LockDriverUnavailableError}; the lock then ends by itself */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true
    clearTimeout(this.#timer)
    await this.#renewing
    if (!this.#lost.signal.aborted) await this.#driver.release(this.lock)
  }

  /** Undefined where it is not told, or not in time. */
  async #progress(): Promise<LockProgress | undefined> {
    const { progress, ttlMs, onProblem } = this.#options
    if (progress === undefined) return undefined
    const { promise: late, reject } = Promise.withResolvers<never>()
    const timer = setTimeout(
      () => reject(new Error(`lock ${this.lock.name}: no progress was told in time`)),
      ttlMs / 6,
    )
    try {
      return await Promise.race([progress(), late])
    } catch (error) {
      onProblem?.(error)
      return undefined
    } finally {
      clearTimeout(timer)
    }
  }

  #later(): void {
    if (this.#ended) return
    this.#timer = setTimeout(() => {
      this.#renewing = this.#tick()
    }, this.#options.ttlMs / 3)
    // Who only holds a lock is not at work.
    this.#timer.unref()
  }

  async #tick(): Promise<void> {
    try {
      await this.renew()
    } catch (error) {
      if (!this.#ended) this.#options.onProblem?.(error)
    }
    this.#later()
  }
}

/**
 * Keeps a lock that was granted.
 *
 * @example
 * ```ts
 * const asked = await locks.acquire('rebuild/totals', { owner, ttlMs })
 * if (asked.kind === 'busy') throw new ProjectionRebuildInProgressError(...)
 * await using held = holdLock(locks, asked.lock, { ttlMs })
 * await rebuild({ signal: held.lost, epoch: held.lock.epoch })
 * ```
 * @throws {@link InvalidValueError} for a `ttlMs` no driver grants
 */
export function holdLock(driver: LockDriver, lock: Lock, options: HoldLockOptions): HeldLock {
  checkLockTtl('options.ttlMs', options.ttlMs)
  return new HeldLock(driver, lock, options)
}
