import type {
  AppendOptions,
  AppendReceipt,
  CommitOptions,
  CommitReceipt,
  EventLog,
  EventStore,
  EventStoreCapabilities,
  EventVersion,
  ListStreamsOptions,
  NewEvent,
  ReadAllOptions,
  ReadStreamOptions,
  StoredEvent,
  StreamId,
  StreamInfo,
  StreamWrite,
  TombstoneOptions,
} from '@millrace/contracts'

import type { EventOpener } from './event-opener.ts'
import type { EventSealer } from './event-sealer.ts'
import { ProtectedLog } from './protected-log.ts'
import { readyEvents } from './ready-events.ts'

/** A store that is given plain events and never sees what is personal in them. */
export class ProtectedStore implements EventStore {
  readonly log: EventLog<StoredEvent>
  readonly #store: EventStore
  readonly #sealer: EventSealer
  readonly #opener: EventOpener

  constructor(store: EventStore, sealer: EventSealer, opener: EventOpener) {
    this.#store = store
    this.#sealer = sealer
    this.#opener = opener
    this.log = new ProtectedLog(store.log, opener)
  }

  get capabilities(): EventStoreCapabilities {
    return this.#store.capabilities
  }

  async append(
    streamId: StreamId,
    events: readonly NewEvent[],
    options: AppendOptions,
  ): Promise<AppendReceipt> {
    const [sealed] = (await this.#sealer.seal([{ streamId, events }], options.commitId)) ?? []
    return await this.#store.append(streamId, sealed?.events ?? events, options)
  }

  async commit(writes: readonly StreamWrite[], options: CommitOptions = {}): Promise<CommitReceipt> {
    const sealed = await this.#sealer.seal(writes, options.commitId)
    if (sealed === undefined) return await this.#store.commit(writes, options)
    const encrypted = writes.map((write, i) => ({ ...write, events: sealed[i]?.events ?? write.events }))
    return await this.#store.commit(encrypted, options)
  }

  read(streamId: StreamId, options?: ReadStreamOptions): AsyncIterable<StoredEvent> {
    return readyEvents(this.#store.read(streamId, options), this.#opener)
  }

  readAll(options?: ReadAllOptions): AsyncIterable<StoredEvent> {
    return readyEvents(this.#store.readAll(options), this.#opener)
  }

  currentVersion(streamId: StreamId): Promise<EventVersion> {
    return this.#store.currentVersion(streamId)
  }

  exists(streamId: StreamId): Promise<boolean> {
    return this.#store.exists(streamId)
  }

  describe(streamId: StreamId): Promise<StreamInfo | undefined> {
    return this.#store.describe(streamId)
  }

  listStreams(options?: ListStreamsOptions): Promise<readonly StreamInfo[]> {
    return this.#store.listStreams(options)
  }

  tombstone(streamId: StreamId, options: TombstoneOptions): Promise<AppendReceipt> {
    return this.#store.tombstone(streamId, options)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#store[Symbol.asyncDispose]()
  }
}
