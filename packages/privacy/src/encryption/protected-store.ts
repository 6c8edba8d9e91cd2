import { isFeedingStore, StoreOver } from '@millrace/contracts'
import type {
  AppendOptions,
  AppendReceipt,
  CommitOptions,
  CommitReceipt,
  EventStore,
  FeedingEventStore,
  NewEvent,
  ReadAllOptions,
  ReadStreamOptions,
  StoredEvent,
  StreamId,
  StreamWrite,
} from '@millrace/contracts'

import type { EventOpener } from './event-opener.ts'
import type { EventSealer } from './event-sealer.ts'
import { ProtectedLog } from './protected-log.ts'
import { readyEvents } from './ready-events.ts'

/** A store that is given plain events and never sees what is personal in them. */
export class ProtectedStore extends StoreOver {
  readonly #sealer: EventSealer
  readonly #opener: EventOpener
  /** Only over a store that feeds read models as it appends: they are given what was encrypted a moment ago. */
  readonly fedBy?: FeedingEventStore['fedBy']

  constructor(store: EventStore, sealer: EventSealer, opener: EventOpener) {
    super(store, new ProtectedLog(store.log, opener))
    this.#sealer = sealer
    this.#opener = opener
    if (!isFeedingStore(store)) return
    this.fedBy = (feeder) => {
      const fed = store.fedBy(async (commit, session) => {
        opener.hold(commit.events)
        await feeder(commit, session)
      })
      return new ProtectedStore(fed, sealer, opener)
    }
  }

  override async append(
    streamId: StreamId,
    events: readonly NewEvent[],
    options: AppendOptions,
  ): Promise<AppendReceipt> {
    const [sealed] = (await this.#sealer.seal([{ streamId, events }], options.commitId)) ?? []
    return await this.store.append(streamId, sealed?.events ?? events, options)
  }

  override async commit(writes: readonly StreamWrite[], options: CommitOptions = {}): Promise<CommitReceipt> {
    const sealed = await this.#sealer.seal(writes, options.commitId)
    if (sealed === undefined) return await this.store.commit(writes, options)
    const encrypted = writes.map((write, i) => ({ ...write, events: sealed[i]?.events ?? write.events }))
    return await this.store.commit(encrypted, options)
  }

  override read(streamId: StreamId, options?: ReadStreamOptions): AsyncIterable<StoredEvent> {
    return readyEvents(this.store.read(streamId, options), this.#opener)
  }

  override readAll(options?: ReadAllOptions): AsyncIterable<StoredEvent> {
    return readyEvents(this.store.readAll(options), this.#opener)
  }
}
