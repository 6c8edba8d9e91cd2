import type { ActionGate } from './action-gate.ts'

/** The attempts of one action that may be under way at once in this process, shared by all partitions. */
export class ActionSlots {
  readonly #size: number
  readonly #gate: ActionGate | undefined
  readonly #onFree = new Set<() => void>()
  #taken = 0

  constructor(size: number, gate?: ActionGate) {
    this.#size = size
    this.#gate = gate
  }

  get free(): number {
    return Math.min(this.#size - this.#taken, this.#gate?.free ?? Number.POSITIVE_INFINITY)
  }

  /** False where none is free. */
  take(): boolean {
    if (this.#taken >= this.#size) return false
    // Only when a slot is sure: a place taken and given back would wake whoever waits for one, for nothing.
    if (this.#gate?.take() === false) return false
    this.#taken++
    return true
  }

  giveBack(): void {
    this.#taken--
    this.#gate?.giveBack()
    const [first] = this.#onFree
    for (const tell of this.#onFree) tell()
    // Who is told first may take the slot: the next one goes to another.
    if (first !== undefined && this.#onFree.delete(first)) this.#onFree.add(first)
  }

  /** Calls back whenever a slot became free, until the returned function is called. */
  onFree(tell: () => void): () => void {
    this.#onFree.add(tell)
    const stop = this.#gate?.onFree(tell)
    return () => {
      this.#onFree.delete(tell)
      stop?.()
    }
  }
}
