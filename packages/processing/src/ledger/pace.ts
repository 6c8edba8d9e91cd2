import type { Clock } from '../clock/clock.ts'

/** Of busy time: a shorter stretch says nothing about the next one. */
const stretchMs = 10
/** Where so long nothing ends though something is under way, the former stretch says nothing either. */
const stuckMs = 250

/** How many attempts end in a while in which there is something to do, judged by the last stretch of such time. */
export class Pace {
  readonly #clock: Clock
  #underWay = 0
  /** Since when something is under way, or the last end was. */
  #since = 0
  #busyMs = 0
  #ended = 0
  #perMs = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** An attempt begins. */
  began(): void {
    if (this.#underWay++ === 0) this.#since = this.#clock.monotonic()
  }

  /** An attempt has ended. */
  ended(): void {
    const now = this.#clock.monotonic()
    this.#underWay--
    this.#ended++
    this.#busyMs += now - this.#since
    this.#since = now
    if (this.#busyMs < stretchMs) return
    this.#perMs = this.#ended / this.#busyMs
    this.#busyMs = 0
    this.#ended = 0
  }

  /** So many may be expected to end within this time; none as long as too few have. */
  expected(ms: number): number {
    const isStuck = this.#underWay > 0 && this.#clock.monotonic() - this.#since > stuckMs
    return isStuck ? 0 : Math.floor(this.#perMs * ms)
  }
}
