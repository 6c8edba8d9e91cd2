/** Wakes those who wait for news in this process. A wake-up is a hint; those who wait look for themselves. */
export class WakeUp {
  #waiting = new Set<() => void>()

  /** Wakes everybody who waits now. */
  wake(): void {
    const woken = this.#waiting
    if (woken.size === 0) return
    this.#waiting = new Set()
    for (const resolve of woken) resolve()
  }

  /** Begins to wait at once, so that nothing between this call and `forAtMost` is missed. */
  begin(): Waiting {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#waiting.add(resolve)
    return new Waiting(promise, () => this.#waiting.delete(resolve))
  }
}

/** One who waits. */
export class Waiting implements Disposable {
  readonly #woken: Promise<void>
  readonly #forget: () => void

  constructor(woken: Promise<void>, forget: () => void) {
    this.#woken = woken
    this.#forget = forget
  }

  /** True when woken, false after `ms` or when aborted. */
  async forAtMost(ms: number, signal?: AbortSignal): Promise<boolean> {
    if (signal?.aborted === true) return false
    const { promise: over, resolve } = Promise.withResolvers<boolean>()
    const timer = setTimeout(() => resolve(false), ms)
    const abort = (): void => resolve(false)
    signal?.addEventListener('abort', abort, { once: true })
    try {
      return await Promise.race([this.#woken.then(() => true), over])
    } finally {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
    }
  }

  [Symbol.dispose](): void {
    this.#forget()
  }
}
