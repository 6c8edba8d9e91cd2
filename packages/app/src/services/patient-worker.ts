import { setTimeout as sleep } from 'node:timers/promises'

import type { JobWorker } from '@millrace/contracts'

const retryMs = 500

/** A worker that begins when its queue can be reached; whoever asks for it does not wait for that. */
export class PatientWorker implements JobWorker {
  readonly #end = new AbortController()
  readonly #working: Promise<JobWorker | undefined>

  constructor(begin: () => Promise<JobWorker>, onProblem: (error: unknown) => void = () => undefined) {
    this.#working = this.#begin(begin, onProblem)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort()
    await (await this.#working)?.[Symbol.asyncDispose]()
  }

  async #begin(
    begin: () => Promise<JobWorker>,
    onProblem: (error: unknown) => void,
  ): Promise<JobWorker | undefined> {
    const { signal } = this.#end
    while (!signal.aborted) {
      try {
        return await begin()
      } catch (error) {
        onProblem(error)
      }
      await sleep(retryMs, undefined, { signal }).catch(() => undefined)
    }
    return undefined
  }
}
