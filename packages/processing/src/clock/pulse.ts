/** How long a {@link Pulse} is waited for. */
export interface PulseWait {
  /** Milliseconds. @defaultValue without end */
  readonly timeoutMs?: number | undefined
  readonly signal?: AbortSignal | undefined
}

const longestTimerMs = 2_147_483_647

/** A wake-up for one waiter that cannot be missed: notified between two waits, the second ends at once. */
export class Pulse {
  #notified = false
  #wake: (() => void) | undefined

  notify(): void {
    this.#notified = true
    this.#wake?.()
  }

  /** Resolves on a notify, on the signal or after the time-out; never rejects. */
  async wait({ timeoutMs, signal }: PulseWait = {}): Promise<void> {
    if (!this.#notified && signal?.aborted !== true) await this.#sleep(timeoutMs, signal)
    this.#notified = false
  }

  #sleep(timeoutMs: number | undefined, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', wake)
        this.#wake = undefined
        resolve()
      }
      const timer =
        timeoutMs === undefined
          ? undefined
          : setTimeout(wake, Math.min(Math.max(timeoutMs, 0), longestTimerMs))
      signal?.addEventListener('abort', wake, { once: true })
      this.#wake = wake
    })
  }
}

/** Waits, or less where the signal says so; never rejects. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Pulse().wait({ timeoutMs: ms, signal })
}
