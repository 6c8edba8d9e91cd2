import { createStreamId } from '@millrace/contracts'
import type { EventStore, NewEvent, StreamId } from '@millrace/contracts'

interface Growing {
  readonly streamId: StreamId
  version: number
}

/** Streams that grow in turn, each append at the version its stream is known to have. */
export class GrowingStreams {
  readonly #store: EventStore
  readonly #streams: readonly Growing[]
  #turn = 0

  constructor(store: EventStore, count: number) {
    this.#store = store
    this.#streams = Array.from({ length: count }, (_, i) => ({
      streamId: createStreamId('order', String(i)),
      version: 0,
    }))
  }

  /** A stream is free again when its turn comes: with more appends at once than streams it would not be. */
  async append(events: readonly NewEvent[]): Promise<void> {
    const stream = this.#streams[(this.#turn += 1) % this.#streams.length] as Growing
    const { version } = await this.#store.append(stream.streamId, events, {
      expectedVersion: stream.version,
    })
    stream.version = version
  }
}
