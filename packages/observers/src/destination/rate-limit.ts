/** How many calls may begin in a time; saved up for a second at most. */
export class RateLimit {
  readonly #perMs: number
  readonly #burst: number
  #tokens: number
  #at: number

  constructor(perSecond: number, now: number) {
    this.#perMs = perSecond / 1000
    this.#burst = Math.max(1, perSecond)
    this.#tokens = this.#burst
    this.#at = now
  }

  available(now: number): number {
    this.#tokens = Math.min(this.#burst, this.#tokens + (now - this.#at) * this.#perMs)
    this.#at = now
    // A rounding of a millionth must not cost a whole wait.
    return Math.floor(this.#tokens + 1e-6)
  }

  /** To be called where one is available. */
  spend(): void {
    this.#tokens = Math.max(0, this.#tokens - 1)
  }

  /** Milliseconds until the next one. */
  nextInMs(now: number): number {
    return this.available(now) > 0 ? 0 : Math.ceil((1 - this.#tokens) / this.#perMs)
  }
}
