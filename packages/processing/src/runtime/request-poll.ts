import type { ProcessorRequests, ProcessorStore } from '@millrace/contracts'

import { Pulse } from '../clock/pulse.ts'
import { until } from '../clock/until.ts'

/** What came of one look. */
export interface RequestEvents {
  readonly onPaused: (processor: string, paused: boolean) => void
  /** Somebody asked for a retry, perhaps. */
  readonly onRetry: (processor: string) => void
  readonly onProblem: (error: unknown) => void
}

/** Asks the store, for all processors at once, what operators asked for in other processes. */
export class RequestPoll {
  readonly #store: Pick<ProcessorStore, 'requests'>
  readonly #everyMs: number
  readonly #events: RequestEvents
  readonly #stopping = new AbortController()
  readonly #pulse = new Pulse()
  readonly #retries = new Map<string, number>()
  #running: Promise<void> | undefined

  constructor(store: Pick<ProcessorStore, 'requests'>, everyMs: number, events: RequestEvents) {
    this.#store = store
    this.#everyMs = everyMs
    this.#events = events
  }

  start(): void {
    this.#running ??= this.#run()
  }

  /** Looks at once. */
  poke(): void {
    this.#pulse.notify()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      try {
        for (const each of await until(this.#store.requests(), signal)) this.#compare(each)
      } catch (error) {
        if (!signal.aborted) this.#events.onProblem(error)
      }
      await this.#pulse.wait({ timeoutMs: this.#everyMs, signal })
    }
  }

  #compare({ processor, paused, retries }: ProcessorRequests): void {
    this.#events.onPaused(processor, paused)
    const known = this.#retries.get(processor)
    this.#retries.set(processor, retries)
    // Also at the first look: a partition may have looked for its due deliveries before the retry, this look came after.
    if (known !== retries) this.#events.onRetry(processor)
  }
}
