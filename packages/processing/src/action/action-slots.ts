/** The attempts of one action that may be under way at once in this process, shared by all partitions. */
export class ActionSlots {
  readonly #size: number
  readonly #onFree = new Set<() => void>()
  #taken = 0

  constructor(size: number) {
    this.#size = size
  }

  get free(): number {
    return this.#size - this.#taken
  }

  /** False where none is free. */
  take(): boolean {
    if (this.#taken >= this.#size) return false
    this.#taken++
    return true
  }

  giveBack(): void {
    this.#taken--
    for (const tell of this.#onFree) tell()
  }

  /** Calls back whenever a slot became free, until the returned function is called. */
  onFree(tell: () => void): () => void {
    this.#onFree.add(tell)
    return () => this.#onFree.delete(tell)
  }
}
