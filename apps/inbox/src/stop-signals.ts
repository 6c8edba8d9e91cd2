import { constants } from 'node:os'

/** The part of `process` that signals come through. */
export interface SignalSource {
  on(signal: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void): unknown
  off(signal: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void): unknown
  exit(code: number): void
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Aborts at the first signal to end, and ends the process at once at the second. */
export class StopSignals implements Disposable {
  readonly #source: SignalSource
  readonly #stop = new AbortController()
  readonly #listener = (signal: NodeJS.Signals): void => {
    if (this.signal.aborted) this.#source.exit(128 + constants.signals[signal])
    else this.#stop.abort(new Error(`stopped by ${signal}`))
  }

  constructor(source: SignalSource) {
    this.#source = source
    for (const signal of signals) source.on(signal, this.#listener)
  }

  get signal(): AbortSignal {
    return this.#stop.signal
  }

  /** Leaves the signals to whoever had them before. */
  [Symbol.dispose](): void {
    for (const signal of signals) this.#source.off(signal, this.#listener)
  }
}
