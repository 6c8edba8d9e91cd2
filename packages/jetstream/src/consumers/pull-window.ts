/** What may be on its way or waiting at one time. */
export interface PullBounds {
  readonly maxMessages: number
  readonly maxBytes: number
}

const firstPull = 64
const averageOver = 32

/** Reckons how many messages to ask for, so that what is asked for and what waits stays within bounds. */
export class PullWindow {
  readonly #bounds: PullBounds
  /** Asked for and not delivered yet. */
  #asked = 0
  #averageBytes: number | undefined

  constructor(bounds: PullBounds) {
    this.#bounds = bounds
  }

  get asked(): number {
    return this.#asked
  }

  /** The size of the next pull where so many messages wait; 0 for none. */
  next(waiting: number): number {
    const most = this.#most
    const pull = Math.min(most, Math.max(1, most >> 1))
    return this.#asked + waiting + pull <= most ? pull : 0
  }

  pulled(count: number): void {
    this.#asked += count
  }

  delivered(bytes: number): void {
    this.#asked = Math.max(0, this.#asked - 1)
    const average = this.#averageBytes ?? bytes
    this.#averageBytes = average + (bytes - average) / averageOver
  }

  /** So many of those asked for will not come. */
  ended(count: number): void {
    this.#asked = Math.max(0, this.#asked - count)
  }

  restarted(): void {
    this.#asked = 0
  }

  get #most(): number {
    const { maxMessages, maxBytes } = this.#bounds
    if (this.#averageBytes === undefined) return Math.min(maxMessages, firstPull)
    return Math.max(1, Math.min(maxMessages, Math.floor(maxBytes / Math.max(1, this.#averageBytes))))
  }
}
