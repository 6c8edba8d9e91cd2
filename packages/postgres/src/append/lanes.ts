/** Those who wait for one key, in the order they came. */
type Queue = (() => void)[]

/**
 * Lets one piece of work a key run at a time, in the order they came. Appends to one stream wait here instead of
 * on the stream's row: there each would hold a connection while it waits.
 */
export class Lanes {
  /** A key is here while its work runs. */
  readonly #queues = new Map<string, Queue>()

  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const busy = this.#queues.get(key)
    if (busy === undefined) this.#queues.set(key, [])
    else await new Promise<void>((resolve) => busy.push(resolve))
    try {
      return await work()
    } finally {
      this.#leave(key)
    }
  }

  /** The key passes to the next one, or is free. */
  #leave(key: string): void {
    const next = this.#queues.get(key)?.shift()
    if (next === undefined) this.#queues.delete(key)
    else next()
  }
}
