/**
 * Lets one piece of work a key run at a time, in the order they came. Appends of one process to one stream wait here for
 * each other: at the store each would hold a connection while it waits, or all but one would be refused.
 */
export class Lanes {
  /** Those who wait, by key; undefined where the key is taken and nobody waits. */
  readonly #waiting = new Map<string, (() => void)[] | undefined>()

  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const turn = this.enter(key)
    if (turn !== undefined) await turn
    try {
      return await work()
    } finally {
      this.leave(key)
    }
  }

  /** Takes a key, which is to be left again; undefined where it was free, else what to wait for. */
  enter(key: string): Promise<void> | undefined {
    if (this.#waiting.has(key)) return this.#turn(key)
    this.#waiting.set(key, undefined)
    return undefined
  }

  /** Hands the key to who waits for it next. */
  leave(key: string): void {
    const next = this.#waiting.get(key)?.shift()
    if (next === undefined) this.#waiting.delete(key)
    else next()
  }

  /** Takes several keys; in one order, so that no two wait for each other. */
  async runAll<T>(keys: readonly string[], work: () => Promise<T>): Promise<T> {
    const [first, ...rest] = keys.toSorted()
    if (first === undefined) return await work()
    return await this.run(first, async () => await this.runAll(rest, work))
  }

  async #turn(key: string): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const queue = this.#waiting.get(key)
    if (queue === undefined) this.#waiting.set(key, [resolve])
    else queue.push(resolve)
    await promise
  }
}
