import { receiptFor } from '@millrace/contracts'
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

/** Records a commit and feeds read models in its transaction. */
type FedCommitWriter = (writes: readonly StreamWrite[], options: CommitOptions) => Promise<CommitReceipt>

/** A store whose commits are written by something else; everything else is the store's own. */
export class FedStore implements EventStore {
  readonly #store: EventStore
  readonly #commit: FedCommitWriter

  constructor(store: EventStore, commit: FedCommitWriter) {
    this.#store = store
    this.#commit = commit
  }

  get capabilities(): EventStoreCapabilities {
    return this.#store.capabilities
  }

  get log(): EventLog<StoredEvent> {
    return this.#store.log
  }

  async append(
    streamId: StreamId,
    events: readonly NewEvent[],
    { expectedVersion, ...options }: AppendOptions,
  ): Promise<AppendReceipt> {
    // Without events there is nothing to feed, only an expectation to check.
    if (events.length === 0)
      return await this.#store.append(streamId, events, { expectedVersion, ...options })
    return receiptFor(streamId, await this.#commit([{ streamId, events, expectedVersion }], options))
  }

  async commit(writes: readonly StreamWrite[], options: CommitOptions = {}): Promise<CommitReceipt> {
    return await this.#commit(writes, options)
  }

  read(streamId: StreamId, options?: ReadStreamOptions): AsyncIterable<StoredEvent> {
    return this.#store.read(streamId, options)
  }

  readAll(options?: ReadAllOptions): AsyncIterable<StoredEvent> {
    return this.#store.readAll(options)
  }

  async currentVersion(streamId: StreamId): Promise<EventVersion> {
    return await this.#store.currentVersion(streamId)
  }

  async exists(streamId: StreamId): Promise<boolean> {
    return await this.#store.exists(streamId)
  }

  async describe(streamId: StreamId): Promise<StreamInfo | undefined> {
    return await this.#store.describe(streamId)
  }

  async listStreams(options?: ListStreamsOptions): Promise<readonly StreamInfo[]> {
    return await this.#store.listStreams(options)
  }

  async tombstone(streamId: StreamId, options: TombstoneOptions): Promise<AppendReceipt> {
    return await this.#store.tombstone(streamId, options)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#store[Symbol.asyncDispose]()
  }
}
