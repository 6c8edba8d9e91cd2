import type { StoredEvent } from '../envelope/envelope.ts'
import type { StreamId } from '../ids/stream-id.ts'
import type { EventStore } from '../store/event-store.ts'

/** The transaction of an append that is under way: statements with numbered parameters, one after the other. */
export interface FeedSession {
  query<Row extends object>(text: string, values?: readonly unknown[]): Promise<readonly Row[]>
  execute(text: string, values?: readonly unknown[]): Promise<number>
}

/** A commit that is recorded and not visible to anybody else yet. */
export interface FedCommit {
  readonly events: readonly StoredEvent[]
  /** For each of its streams that had events before, the commit of the last of them. */
  readonly before: ReadonlyMap<StreamId, number>
}

/** Called in the transaction of each commit; what it throws undoes the commit and reaches whoever appends. */
export type CommitFeeder = (commit: FedCommit, session: FeedSession) => Promise<void>

/** An event store whose commits may feed read models in their own transaction. */
export interface FeedingEventStore extends EventStore {
  /** The same store, whose appends and commits call the feeder; it is closed with the store. */
  fedBy(feeder: CommitFeeder): EventStore
}

/** True for a store that can feed read models as it appends. */
export function isFeedingStore(store: EventStore): store is FeedingEventStore {
  return 'fedBy' in store && typeof store.fedBy === 'function'
}
