import { FailureWindow } from './failure-window.ts'

/** When calls to a destination are stopped, and begun again. */
export interface CircuitOptions {
  /** Milliseconds over which calls are judged. @defaultValue 10_000 */
  readonly windowMs?: number
  /** Fewer calls than this say nothing. @defaultValue 10 */
  readonly minCalls?: number
  /** The share of failures that opens it, above 0 to 1. @defaultValue 0.5 */
  readonly failureRate?: number
  /** Milliseconds it stays open before one call probes. @defaultValue 30_000 */
  readonly openMs?: number
  /** Probes in a row that must succeed to close it. @defaultValue 2 */
  readonly successes?: number
}

export type CircuitState = 'closed' | 'open' | 'half-open'

export const circuitDefaults: Required<CircuitOptions> = {
  windowMs: 10_000,
  minCalls: 10,
  failureRate: 0.5,
  openMs: 30_000,
  successes: 2,
}

/**
 * Whether a destination is worth a call. `closed`: yes. `open`: no, until `openMs` have passed. `half-open`: one call at a
 * time, whose outcome decides. Time is given with each call and never runs back.
 */
export class Circuit {
  readonly #options: Required<CircuitOptions>
  readonly #window: FailureWindow
  #state: CircuitState = 'closed'
  #openedAt = 0
  #successes = 0
  #timesOpened = 0

  constructor(options: CircuitOptions) {
    this.#options = { ...circuitDefaults, ...options }
    this.#window = new FailureWindow(this.#options.windowMs)
  }

  /** How often it opened. */
  get timesOpened(): number {
    return this.#timesOpened
  }

  state(now: number): CircuitState {
    if (this.#state === 'open' && now >= this.#openedAt + this.#options.openMs) {
      this.#state = 'half-open'
      this.#successes = 0
    }
    return this.#state
  }

  /** Milliseconds until a probe is allowed; 0 where it is. */
  opensInMs(now: number): number {
    return this.state(now) === 'open' ? this.#openedAt + this.#options.openMs - now : 0
  }

  /** Of the present window. */
  recent(now: number): { readonly calls: number; readonly failures: number } {
    return this.#window.count(now)
  }

  succeeded(now: number): void {
    const state = this.state(now)
    if (state === 'closed') this.#window.add(now, false)
    if (state === 'half-open' && ++this.#successes >= this.#options.successes) {
      this.#state = 'closed'
      this.#window.clear()
    }
  }

  failed(now: number): void {
    const state = this.state(now)
    if (state === 'open') return
    this.#window.add(now, true)
    const { calls, failures } = this.#window.count(now)
    const { minCalls, failureRate } = this.#options
    if (state === 'closed' && (calls < minCalls || failures < failureRate * calls)) return
    this.#state = 'open'
    this.#openedAt = now
    this.#timesOpened++
  }
}
