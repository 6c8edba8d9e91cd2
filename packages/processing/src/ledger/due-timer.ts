import type { Clock } from '../clock/clock.ts'

/** Remembers when the next delivery becomes due, however many ask; only the earliest matters. */
export class DueTimer {
  readonly #clock: Clock
  #at: number | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Not later than in `ms` milliseconds; undefined changes nothing. */
  setAtMost(ms: number | undefined): void {
    if (ms === undefined) return
    // Timers may fire a millisecond early, and the database judges to the microsecond.
    const at = this.#clock.monotonic() + Math.max(0, ms) + 1
    this.#at = Math.min(at, this.#at ?? at)
  }

  /** Undefined while nothing is awaited. */
  remainingMs(): number | undefined {
    return this.#at === undefined ? undefined : Math.max(0, this.#at - this.#clock.monotonic())
  }

  /** True once for every time that came. */
  hasPassed(): boolean {
    if (this.#at === undefined || this.#clock.monotonic() < this.#at) return false
    this.#at = undefined
    return true
  }
}
