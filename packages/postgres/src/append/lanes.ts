/**
 * Lets one piece of work a key run at a time, in the order they came. Appends to one stream wait here instead of
 * on the stream's row: there each would hold a connection while it waits.
 */
export class Lanes {
  readonly #tails = new Map<string, Promise<void>>()

  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key)
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#tails.set(key, promise)
    try {
      if (before !== undefined) await before
      return await work()
    } finally {
      resolve()
      if (this.#tails.get(key) === promise) this.#tails.delete(key)
    }
  }
}
