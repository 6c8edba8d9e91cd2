const firstMs = 50
const capMs = 5_000

/** Growing pauses for something that should always work: 50 ms doubling to 5 s, the upper half of each at random. */
export class Backoff {
  readonly #random: () => number
  #tries = 0

  constructor(random: () => number) {
    this.#random = random
  }

  next(): number {
    const full = Math.min(capMs, firstMs * 2 ** Math.min(this.#tries++, 20))
    return full / 2 + (full / 2) * this.#random()
  }

  reset(): void {
    this.#tries = 0
  }
}
