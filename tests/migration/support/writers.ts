import { createIdFactory, createStreamId, isMillraceError, parseCommitId } from '@millrace/contracts'
import type { EventId, EventStore, StreamId } from '@millrace/contracts'

import { birthDateSet, nameUpdated } from './history.ts'
import type { LogPlace } from './places.ts'

/** An event whose append was acknowledged. */
export interface Acknowledged {
  readonly streamId: StreamId
  readonly id: EventId
}

const mint = createIdFactory()

/** Writers that go on through a swap: refused by the old log, they open it anew and say the same again. */
export class Writers implements AsyncDisposable {
  readonly acknowledged: Acknowledged[] = []
  /** How often a writer learned that its log was replaced. */
  replaced = 0
  readonly #place: LogPlace
  readonly #running: Promise<void>[]
  readonly #stop = new AbortController()

  constructor(place: LogPlace, count: number) {
    this.#place = place
    this.#running = Array.from({ length: count }, async (_, n) => await this.#write(n))
  }

  /** Ends the writers, and throws what one of them failed with. */
  async finish(): Promise<void> {
    this.#stop.abort()
    await Promise.all(this.#running)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await Promise.allSettled(this.#running)
  }

  async #write(writer: number): Promise<void> {
    let store: (EventStore & AsyncDisposable) | undefined
    try {
      store = await this.#place.open()
      for (let n = 0; !this.#stop.signal.aborted; n++) {
        const streamId = createStreamId('live', `${writer}-${n % 5}`)
        const [id, commitId] = [mint(), parseCommitId(mint())]
        // Some of them are of an old version: what is copied last is lifted too.
        const event = { ...(n % 3 === 0 ? birthDateSet : nameUpdated), id }
        for (let isDone = false; !isDone;) {
          try {
            await store.append(streamId, [event], { expectedVersion: 'any', commitId })
            this.acknowledged.push({ streamId, id })
            isDone = true
          } catch (error) {
            if (!isMillraceError(error) || error.code !== 'ERR_LOG_REPLACED') throw error
            this.replaced += 1
            await store[Symbol.asyncDispose]()
            store = await this.#place.open()
          }
        }
      }
    } finally {
      await store?.[Symbol.asyncDispose]()
    }
  }
}
