import type { NewEvent, StoredEvent } from '../envelope/envelope.ts'
import type { StreamId } from '../ids/stream-id.ts'
import type { EventLog } from '../log/event-log.ts'
import type { EventVersion } from '../values/event-version.ts'
import type {
  AppendOptions,
  AppendReceipt,
  CommitOptions,
  CommitReceipt,
  EventStore,
  EventStoreCapabilities,
  ListStreamsOptions,
  ReadAllOptions,
  ReadStreamOptions,
  StreamInfo,
  StreamWrite,
  TombstoneOptions,
} from './event-store.ts'

/** A store over another one, to be extended by what it does differently. Closing it closes the other one. */
export class StoreOver implements EventStore {
  readonly log: EventLog<StoredEvent>
  protected readonly store: EventStore

  /** `log` is what readers of the whole log get. */
  constructor(store: EventStore, log: EventLog<StoredEvent> = store.log) {
    this.store = store
    this.log = log
  }

  get capabilities(): EventStoreCapabilities {
    return this.store.capabilities
  }

  async append(
    streamId: StreamId,
    events: readonly NewEvent[],
    options: AppendOptions,
  ): Promise<AppendReceipt> {
    return await this.store.append(streamId, events, options)
  }

  async commit(writes: readonly StreamWrite[], options?: CommitOptions): Promise<CommitReceipt> {
    return await this.store.commit(writes, options)
  }

  read(streamId: StreamId, options?: ReadStreamOptions): AsyncIterable<StoredEvent> {
    return this.store.read(streamId, options)
  }

  readAll(options?: ReadAllOptions): AsyncIterable<StoredEvent> {
    return this.store.readAll(options)
  }

  async currentVersion(streamId: StreamId): Promise<EventVersion> {
    return await this.store.currentVersion(streamId)
  }

  async exists(streamId: StreamId): Promise<boolean> {
    return await this.store.exists(streamId)
  }

  async describe(streamId: StreamId): Promise<StreamInfo | undefined> {
    return await this.store.describe(streamId)
  }

  async listStreams(options?: ListStreamsOptions): Promise<readonly StreamInfo[]> {
    return await this.store.listStreams(options)
  }

  async tombstone(streamId: StreamId, options: TombstoneOptions): Promise<AppendReceipt> {
    return await this.store.tombstone(streamId, options)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.store[Symbol.asyncDispose]()
  }
}
