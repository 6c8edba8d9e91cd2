/** Lets a bounded number of requests, and of bytes, be under way at once. */
export class SendWindow {
  readonly #mostRequests: number
  readonly #mostBytes: number
  readonly #underWay = new Set<Promise<void>>()
  #bytes = 0
  #failure: unknown
  #failed = false

  constructor(mostRequests: number, mostBytes: number) {
    this.#mostRequests = mostRequests
    this.#mostBytes = mostBytes
  }

  /** Waits for room. @throws what a request failed with */
  async room(): Promise<void> {
    while (this.#underWay.size >= this.#mostRequests || this.#bytes >= this.#mostBytes) {
      this.#check()
      await Promise.race(this.#underWay)
    }
    this.#check()
  }

  add(request: Promise<void>, bytes: number): void {
    this.#bytes += bytes
    const settled = request
      .catch((error: unknown) => {
        // The first is the one to tell: it makes those behind it fail.
        if (!this.#failed) this.#failure = error
        this.#failed = true
      })
      .finally(() => {
        this.#bytes -= bytes
        this.#underWay.delete(settled)
      })
    this.#underWay.add(settled)
  }

  /** Waits until all have settled. @throws what one failed with */
  async drain(): Promise<void> {
    await this.settle()
    this.#check()
  }

  /** Waits until all have settled, whatever came of them. */
  async settle(): Promise<void> {
    await Promise.all(this.#underWay)
  }

  #check(): void {
    if (this.#failed) throw this.#failure
  }
}
