import { receiptFor, StoreOver } from '@millrace/contracts'
import type {
  AppendOptions,
  AppendReceipt,
  CommitOptions,
  CommitReceipt,
  EventStore,
  NewEvent,
  StreamId,
  StreamWrite,
} from '@millrace/contracts'

/** Records a commit and feeds read models in its transaction. */
type FedCommitWriter = (writes: readonly StreamWrite[], options: CommitOptions) => Promise<CommitReceipt>

/** A store whose commits are written by something else; everything else is the store's own. */
export class FedStore extends StoreOver {
  readonly #commit: FedCommitWriter

  constructor(store: EventStore, commit: FedCommitWriter) {
    super(store)
    this.#commit = commit
  }

  override async append(
    streamId: StreamId,
    events: readonly NewEvent[],
    { expectedVersion, ...options }: AppendOptions,
  ): Promise<AppendReceipt> {
    // Without events there is nothing to feed, only an expectation to check.
    if (events.length === 0) return await this.store.append(streamId, events, { expectedVersion, ...options })
    return receiptFor(streamId, await this.#commit([{ streamId, events, expectedVersion }], options))
  }

  override async commit(writes: readonly StreamWrite[], options: CommitOptions = {}): Promise<CommitReceipt> {
    return await this.#commit(writes, options)
  }
}
