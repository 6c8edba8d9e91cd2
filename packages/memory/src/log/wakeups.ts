interface Waiter {
  readonly end: (woken: boolean) => void
}

/** Those who wait for the next commit. */
export class Wakeups {
  readonly #waiters = new Set<Waiter>()

  /** True as soon as it is woken, false after `timeoutMs`, an abort or {@link Wakeups.dismiss}. */
  async wait({
    timeoutMs,
    signal,
  }: {
    readonly timeoutMs: number
    readonly signal?: AbortSignal
  }): Promise<boolean> {
    if (signal?.aborted === true) return false
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const waiter: Waiter = { end: resolve }
    const giveUp = (): void => resolve(false)
    const timer = setTimeout(giveUp, timeoutMs)
    signal?.addEventListener('abort', giveUp)
    this.#waiters.add(waiter)
    try {
      return await promise
    } finally {
      clearTimeout(timer)
      signal?.removeEventListener('abort', giveUp)
      this.#waiters.delete(waiter)
    }
  }

  /** Wakes everybody who waits. */
  wake(): void {
    for (const { end } of this.#waiters) end(true)
  }

  /** Sends everybody away. */
  dismiss(): void {
    for (const { end } of this.#waiters) end(false)
  }
}
