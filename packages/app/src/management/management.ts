import type { ChainAnchor, ChainReport } from '@millrace/contracts'

import type { AccessPage, AccessPruneView, AccessQuery } from './access-views.ts'
import type {
  ArchiveCheckView,
  ArchiveOrder,
  ArchiveRunView,
  ArchivesView,
  LogPartitionView,
  PartitionOrder,
  Work,
} from './archive-views.ts'
import type { CaptureCalls } from './capture-views.ts'
import type { DocumentQuery, DocumentsPage } from './document-views.ts'
import type { EventTraceView, ObserverTestView } from './event-trace.ts'
import type { RecordSearch } from './find-record.ts'
import type { LockView } from './lock-views.ts'
import type { MetricsView } from './metrics-view.ts'
import type { ObserverItemView, ObserversView, PutRuleView, RuleHistoryView } from './observer-views.ts'
import type { PutRuleOrder } from './operate-observers.ts'
import type { SnapshotStreamQuery, SnapshotStreamsPage } from './operate-snapshots.ts'
import type { ChainQuery, ErasureOrder, ErasureView } from './privacy-views.ts'
import type { ProjectionOrder, ProjectionOrderView, ProjectionView } from './projection-views.ts'
import type { ProcessorPruneOrder, ProcessorPruneView } from './prune-views.ts'
import type { SearchIndexView, SearchRebuildView } from './search-views.ts'
import type {
  SnapshotVerdictView,
  SnapshotView,
  StreamHealthView,
  TakenSnapshotView,
} from './snapshot-views.ts'
import type { StateQuery, StreamStatesView } from './state-views.ts'
import type {
  ConsumerView,
  DeadLetterHistoryPage,
  DeadLettersPage,
  DeadLetterView,
  DeliveriesPage,
  DeliveryView,
  EventsPage,
  EventView,
  ProcessorView,
  RetryView,
  StatusView,
  StreamsPage,
  SweepView,
} from './views.ts'

/** One page of a listing. */
export interface PageQuery {
  /** The previous page's `next`, asked with the same other fields. */
  readonly cursor?: string
  /** 1 to 1000. @defaultValue 100 */
  readonly limit?: number
}

/** Narrowing of {@link Management.listStreams}. */
export interface StreamQuery extends PageQuery {
  readonly category?: string
  /** @defaultValue false */
  readonly includeTombstoned?: boolean
}

/** A window of one stream. */
export interface StreamEventQuery extends PageQuery {
  /** @defaultValue `'forwards'` */
  readonly direction?: 'forwards' | 'backwards'
  readonly fromVersion?: number
  readonly toVersion?: number
  /** As stored, before any upcaster. @defaultValue false */
  readonly raw?: boolean
}

/** A selection over all streams; several fields narrow it further. */
export interface EventQuery extends PageQuery {
  /** As which events are read, or stored where `raw` is set. */
  readonly types?: readonly string[]
  readonly categories?: readonly string[]
  readonly correlationId?: string
  readonly causationId?: string
  /** Earliest occurred-at: an ISO 8601 date or date-time, inclusive. A date is its first millisecond in UTC. */
  readonly from?: string
  /** Latest occurred-at, inclusive. A date is its last millisecond in UTC. */
  readonly to?: string
  /** @defaultValue `'forwards'`: oldest first */
  readonly direction?: 'forwards' | 'backwards'
  /** As stored, before any upcaster. @defaultValue false */
  readonly raw?: boolean
}

/** What {@link Management.tail} yields. */
export interface TailQuery {
  /** Only events after this position. @defaultValue the head: only what comes from now on */
  readonly after?: string
  /** As which events are read, or stored where `raw` is set. */
  readonly types?: readonly string[]
  readonly categories?: readonly string[]
  /** As stored, before any upcaster. @defaultValue false */
  readonly raw?: boolean
  /** Ends the iteration without an error. */
  readonly signal?: AbortSignal
}

/** Narrowing of {@link Management.deliveries}. */
export interface DeliveryQuery extends PageQuery {
  readonly state?: DeliveryView['state']
  readonly processor?: string
}

/** Narrowing of {@link Management.deadLetters}. */
export interface DeadLetterQuery extends PageQuery {
  readonly kind?: 'delivery' | 'parked'
  /** An observer is the processor of its name. */
  readonly processor?: string
  readonly action?: string
  /** What this event or row change caused, all on one page. */
  readonly recordId?: string
}

/** Narrowing of {@link Management.deadLetterHistory}. */
export interface DeadLetterHistoryQuery extends PageQuery {
  /** Of one dead letter or parked record. */
  readonly id?: string
}

/** Options of {@link Management.retryDeadLetter}. */
export interface RetryOptions {
  /** Who asks, for the history: 1 to 200 characters. */
  readonly by: string
  /** Milliseconds to wait for the outcome, at most 60,000. @defaultValue 15_000 */
  readonly waitMs?: number
}

/** Options of {@link Management.testObserver}. */
export interface ObserverTest extends RecordSearch {
  /** The id of an event or a row change, that of one of its deliveries, or its position. */
  readonly event: string
}

/** Options of {@link Management.sweepConsumers}. */
export interface ConsumerSweep {
  /** Only says which. @defaultValue false */
  readonly dryRun?: boolean
}

/**
 * What operators may see and do, the same in process and over HTTP. Every result is plain JSON. Listings are pages
 * whose cursors are opaque and belong to their query.
 *
 * All throw {@link InvalidValueError} naming the field, {@link InvalidCursorError}, and {@link ConnectionError} when
 * the store or the server cannot be reached; something that does not exist is `undefined` or `false`, never an error.
 */
export interface Management extends CaptureCalls {
  /** Never throws for a store that is down: that is the answer. */
  status(): Promise<StatusView>
  /** The position of the last commit a reader can reach now. */
  head(): Promise<string>
  /** By id, in code unit order. */
  listStreams(query?: StreamQuery): Promise<StreamsPage>
  /** A window of one stream; undefined for a stream that never had events. */
  readStream(streamId: string, query?: StreamEventQuery): Promise<EventsPage | undefined>
  /** In the order of the log. */
  searchEvents(query?: EventQuery): Promise<EventsPage>
  /** Events as they are appended, for ever; the consumer sets the pace. */
  tail(query?: TailQuery): AsyncIterable<EventView>
  processors(): Promise<readonly ProcessorView[]>
  /** What the process that runs the app has counted; undefined where none does. */
  metrics(): Promise<MetricsView | undefined>
  /** The same in the text format of Prometheus. */
  metricsText(): Promise<string | undefined>
  /** False when there is no such processor. */
  pauseProcessor(name: string, by: string): Promise<boolean>
  /** False when there is no such processor. */
  resumeProcessor(name: string, by: string): Promise<boolean>
  /** Newest first. */
  deliveries(query?: DeliveryQuery): Promise<DeliveriesPage>
  delivery(id: string): Promise<DeliveryView | undefined>
  /** Oldest first. */
  deadLetters(query?: DeadLetterQuery): Promise<DeadLettersPage>
  deadLetter(id: string): Promise<DeadLetterView | undefined>
  /** Tries this one action or record once more and waits for what becomes of it; undefined when there is none. */
  retryDeadLetter(id: string, options: RetryOptions): Promise<RetryView | undefined>
  /** Removes it for good. False when there is none. */
  removeDeadLetter(id: string, by: string): Promise<boolean>
  /** Who retried and removed what, newest first; of what is gone, too. */
  deadLetterHistory(query?: DeadLetterHistoryQuery): Promise<DeadLetterHistoryPage>
  /** Reads all of the stream; undefined for one that never had events. */
  streamHealth(streamId: string): Promise<StreamHealthView | undefined>
  /** Streams that have snapshots, by id. */
  snapshotStreams(query?: SnapshotStreamQuery): Promise<SnapshotStreamsPage>
  /** Best first; undefined for a stream that never was. */
  snapshots(streamId: string): Promise<readonly SnapshotView[] | undefined>
  /** Saves the state as it is now, for each of the app's kinds of it; undefined where there is no such stream. */
  takeSnapshots(streamId: string): Promise<readonly TakenSnapshotView[] | undefined>
  /** Removes all but the newest of each name; of a tombstoned stream all. Undefined for a stream that never was. */
  pruneSnapshots(
    streamId: string,
    options: { readonly keep: number },
  ): Promise<{ readonly streamId: string; readonly removed: number } | undefined>
  /** Compares each snapshot with the fold of the events, and changes nothing; undefined for a stream that never was. */
  verifySnapshots(streamId: string): Promise<readonly SnapshotVerdictView[] | undefined>
  /**
   * What the events of a stream up to a version fold to, for each of the app's snapshot definitions; undefined for a stream
   * that is not there.
   */
  states(streamId: string, query?: StateQuery): Promise<StreamStatesView | undefined>
  /** Read models that are folded from the log, by name. */
  projections(): Promise<readonly ProjectionView[]>
  /**
   * Pauses, rebuilds, resets, drops or removes one; undefined where there is none of that name.
   * @throws {@link ProjectionRebuildInProgressError}
   */
  orderProjection(
    name: string,
    order: ProjectionOrder & { readonly by: string },
  ): Promise<ProjectionOrderView | undefined>
  /**
   * A page of a read model's documents, by key, what is masked left out; undefined where there is no read model of that name.
   * @throws {@link InvalidValueError} for one that keeps tables
   */
  documents(name: string, query?: DocumentQuery): Promise<DocumentsPage | undefined>
  /** Those of the definition. */
  searchIndexes(): Promise<readonly SearchIndexView[]>
  /**
   * Builds a search index anew beside what is read, and puts it in its place; undefined where the app has none of this name. The
   * same call goes on where one was stopped. Progress counts documents.
   */
  rebuildSearchIndex(name: string, work?: Work): Promise<SearchRebuildView | undefined>
  /** In order of names; with what is known of holders that are dead or hang. */
  locks(): Promise<readonly LockView[]>
  /**
   * Takes a lock from its holder, who may be at work and is refused from then on; undefined where nobody ever locked the
   * name, `released` false where it is free.
   */
  releaseLock(
    name: string,
    by: string,
  ): Promise<{ readonly name: string; readonly released: boolean } | undefined>
  /**
   * Destroys the key of a data subject and cleans what lies outside the log; undefined where the app encrypts nothing.
   * @throws {@link ErasureIncompleteError} with what an eraser threw; the key is destroyed by then, and the same call goes on
   */
  eraseSubject(subject: string, order: ErasureOrder): Promise<ErasureView | undefined>
  /** Undefined where no hash chain is kept: on JetStream. */
  verifyChain(query?: ChainQuery): Promise<ChainReport | undefined>
  /** Signs the ends of the chains that have grown; undefined on JetStream. */
  anchorChain(): Promise<{ readonly anchors: readonly ChainAnchor[] } | undefined>
  /** What lies in the app's folder of archives. */
  archives(): Promise<ArchivesView>
  /**
   * Adds what is old enough to an archive, and leaves the log as it is. Stopped or killed, the same call goes on.
   * @throws {@link ArchiveBusyError} while somebody else is at it; `ArchiveError` for an archive of another log
   */
  createArchive(order?: ArchiveOrder, work?: Work): Promise<ArchiveRunView>
  /** Reads all of an archive; undefined where there is none. @throws `ArchiveError` naming the first bad file */
  verifyArchive(name: string, work?: Work): Promise<ArchiveCheckView | undefined>
  /** The partitions of the log, oldest first, those that were taken away too; undefined on JetStream. */
  partitions(): Promise<readonly LogPartitionView[] | undefined>
  /**
   * Takes the oldest partition out of the log, once each of its events was found in an archive; undefined where there is none.
   * @throws {@link PartitionHeldError} with the reasons; `ArchiveError`; nothing was changed
   */
  detachPartition(name: string, order: PartitionOrder, work?: Work): Promise<LogPartitionView | undefined>
  /** Forgets the checkpoints of processors that are no more. */
  pruneProcessors(order: ProcessorPruneOrder): Promise<ProcessorPruneView>
  /** Who used the management API for what, newest first; undefined where it is not recorded. */
  accessLog(query?: AccessQuery): Promise<AccessPage | undefined>
  /** Deletes entries that are older than the settings keep them, and records that; undefined where nothing is recorded. */
  pruneAccessLog(by: string): Promise<AccessPruneView | undefined>
  /** Rules and the destinations of their actions, as this process sees them. */
  observers(): Promise<ObserversView>
  /** Undefined where there is none of the name. */
  observer(name: string): Promise<ObserverItemView | undefined>
  /** Switches a rule on or off in every process, for good; undefined where there is none of the name. */
  switchObserver(
    name: string,
    order: { readonly enabled: boolean; readonly by: string },
  ): Promise<ObserverItemView | undefined>
  /** What a rule would do with an event or a row change; nothing is sent. Undefined where there is none of the name. */
  testObserver(name: string, test: ObserverTest): Promise<ObserverTestView | undefined>
  /**
   * Writes a rule as a row of the database, over one of the same name; undefined where the app has no observers.
   * @throws `RuleError` with everything that is wrong; nothing was changed then
   */
  putObserver(rule: unknown, order: PutRuleOrder): Promise<PutRuleView | undefined>
  /** Removes the row of a rule. False where there is none. */
  removeObserver(name: string, by: string): Promise<boolean>
  /** What was done to a rule, newest first; undefined for a name that never was. */
  observerHistory(name: string): Promise<RuleHistoryView | undefined>
  /**
   * Follows an event or a row change through all processors: by its id, the id of one of its deliveries, or its position.
   * Undefined where nothing is known of it.
   */
  traceEvent(id: string, search?: RecordSearch): Promise<EventTraceView | undefined>
  /** The consumers of the JetStream stream, the oldest first; undefined where the events are not on JetStream. */
  consumers(): Promise<readonly ConsumerView[] | undefined>
  /**
   * Deletes the consumers of ours that nobody will use any more, never a foreign one; undefined where the events are not on
   * JetStream.
   */
  sweepConsumers(options?: ConsumerSweep): Promise<SweepView | undefined>
}
