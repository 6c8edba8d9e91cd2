import { formatPosition } from '@millrace/contracts'
import type {
  AccessLog,
  EventLog,
  HashChain,
  LockDriver,
  PartitionStatus,
  ProcessorStore,
  StoredEvent,
} from '@millrace/contracts'
import type { SqlDatabase } from '@millrace/postgres'
import type { Masker, Privacy } from '@millrace/privacy'
import type { ProcessorRuntime } from '@millrace/processing'
import type { CursorKeys } from '@millrace/query'
import type { OpenMetrics } from '@millrace/telemetry'

import { capturedTables } from '../captures/open-captures.ts'
import type { AppDecoders } from '../open/app-decoders.ts'
import type { AppSnapshots } from '../snapshots/app-snapshots.ts'
import { listAccess, pruneAccess } from './access-views.ts'
import { checkActor, checkCategories, checkText, checkTypes } from './arguments.ts'
import { captureCalls } from './capture-views.ts'
import { listDocuments } from './document-views.ts'
import { testObserver, traceEvent } from './event-trace.ts'
import { withHeldKeys } from './held-key-views.ts'
import { consumerView } from './jetstream-views.ts'
import { deadLetterView, deliveryView } from './ledger-views.ts'
import { listLocks, releaseLock } from './lock-views.ts'
import type { ConsumerSweep, Management, TailQuery } from './management.ts'
import { maskedManagement } from './masked-management.ts'
import { readMetrics } from './metrics-view.ts'
import {
  checkOneArchive,
  createArchive,
  detachPartition,
  listArchives,
  listPartitions,
} from './operate-archives.ts'
import type { ArchiveSource } from './operate-archives.ts'
import {
  observersView,
  observerView,
  putRule,
  removeRule,
  ruleHistory,
  switchObserver,
} from './operate-observers.ts'
import type { OperatedObservers } from './operate-observers.ts'
import {
  listSnapshots,
  listSnapshotStreams,
  pruneSnapshots,
  takeSnapshots,
  verifySnapshots,
} from './operate-snapshots.ts'
import { eraseSubject, verifyChain } from './privacy-views.ts'
import { processorViews } from './processor-views.ts'
import { listProjections, orderProjection } from './projection-views.ts'
import type { OperatedProjections } from './projection-views.ts'
import { pruneUnused } from './prune-views.ts'
import { listStreamsPage, readStreamPage, searchEventsPage } from './read-events.ts'
import { listDeadLetterHistory, listDeadLettersPage, listDeliveriesPage } from './read-ledger.ts'
import { readStatus } from './read-status.ts'
import type { StatusSource } from './read-status.ts'
import { retryDeadLetter } from './retry-dead-letter.ts'
import type { RetryContext } from './retry-dead-letter.ts'
import { listSearchIndexes, rebuildSearchIndex } from './search-views.ts'
import type { SearchSource } from './search-views.ts'
import { readStates } from './state-views.ts'
import { readStreamHealth } from './stream-health.ts'
import { tailEvents } from './tail.ts'
import type { ConsumerView, EventView, ProcessorView, SweepView } from './views.ts'

/** A runtime, as far as operators need it. */
type OperatedRuntime = Pick<ProcessorRuntime, 'status' | 'pause' | 'resume' | 'wake' | 'runs'>

/** What {@link createManagement} works on; every `App` is one. */
export interface ManagementSource extends StatusSource, ArchiveSource {
  readonly processors: ProcessorStore
  readonly locks: LockDriver
  /** Undefined where there are none. */
  readonly searchIndexes?: SearchSource
  /** Undefined where nothing runs. */
  readonly metrics: Pick<OpenMetrics, 'read' | 'text'> | undefined
  readonly snapshots: AppSnapshots
  /** Signs the cursors of pages. */
  readonly cursors: CursorKeys
  /** Undefined where nothing is masked. */
  readonly mask: Masker | undefined
  /** Undefined where nothing is encrypted. */
  readonly privacy: Privacy | undefined
  /** Undefined where events are not chained. */
  readonly chain: HashChain | undefined
  /** Undefined where the use of the management API is not recorded. */
  readonly accessLog: AccessLog | undefined
  /** Of the processors. */
  readonly database: SqlDatabase
  readonly decoders: Pick<AppDecoders, 'strict' | 'raw' | 'skipped'>
  readonly projections: OperatedProjections
  /** What runs the processors in this process; undefined where nothing does. */
  readonly runtime: OperatedRuntime | undefined
  /** The same for processors that read the changes. */
  readonly changeRuntime?: OperatedRuntime | undefined
  /** The changes of captured tables. */
  readonly changes?: EventLog<StoredEvent>
  /** Undefined where there are none. */
  readonly observers?: OperatedObservers | undefined
}

/** Who looks at an embedded database holds it alone: a lease still found in it was left by a crash. */
async function readPartitions({
  processors,
  projections,
  mode,
  storage,
}: ManagementSource): Promise<readonly PartitionStatus[]> {
  // What fed a read model that nobody reads any more rests for good: nothing waits for it.
  const builds = await projections.builds()
  const retired = new Set(builds.flatMap(({ state, processor }) => (state === 'retired' ? [processor] : [])))
  const statuses = (await processors.status()).filter(({ processor }) => !retired.has(processor))
  if (mode === 'run' || storage.state.kind === 'postgres') return statuses
  return statuses.map((status) => ({ ...status, owner: undefined }))
}

function runtimesOf({ runtime, changeRuntime }: ManagementSource): readonly OperatedRuntime[] {
  return [runtime, changeRuntime].flatMap((each) => each ?? [])
}

async function readProcessors(source: ManagementSource): Promise<readonly ProcessorView[]> {
  const { store, changes, processors } = source
  const stored = await readPartitions(source)
  const reports = await Promise.all(runtimesOf(source).map(async (each) => await each.status()))
  const views = await processorViews({ events: store.log, changes }, stored, reports.flat())
  return await withHeldKeys(views, processors.deadLetters)
}

async function* tail(
  { store, decoders }: ManagementSource,
  query: TailQuery,
): AsyncGenerator<EventView, void, undefined> {
  checkTypes(query.types)
  checkCategories(query.categories)
  yield* tailEvents(store.log, decoders, query)
}

/** The runtime of this process acts at once; another process's looks every half second. */
function setPaused(
  source: ManagementSource,
  name: string,
  change: { readonly paused: boolean; readonly by: string },
): Promise<boolean> {
  const { processors } = source
  checkText('name', name)
  const by = checkActor(change.by)
  const runtime = runtimesOf(source).find((each) => each.runs(name)) ?? source.runtime
  if (runtime === undefined) return processors.setPaused(name, { ...change, by })
  return change.paused ? runtime.pause(name, by) : runtime.resume(name, by)
}

async function readConsumers({ jetstream }: ManagementSource): Promise<readonly ConsumerView[] | undefined> {
  return (await jetstream?.consumers.list())?.map(consumerView)
}

async function sweepConsumers(
  { jetstream }: ManagementSource,
  { dryRun = false }: ConsumerSweep,
): Promise<SweepView | undefined> {
  const removed = await jetstream?.consumers.sweep({ dryRun })
  return removed && { dryRun, removed: removed.map(consumerView) }
}

/** Operates an app in this process. */
export function createManagement(source: ManagementSource): Management {
  const management = unmaskedManagement(source)
  return source.mask === undefined ? management : maskedManagement(management, source.mask)
}

type ObserverCalls = Pick<
  Management,
  | 'observers'
  | 'observer'
  | 'switchObserver'
  | 'testObserver'
  | 'putObserver'
  | 'removeObserver'
  | 'observerHistory'
  | 'traceEvent'
>

function observerCalls(source: ManagementSource): ObserverCalls {
  const { observers, store, changes, processors, decoders, mask } = source
  const partitions = async (): Promise<readonly PartitionStatus[]> => await readPartitions(source)
  const tracing = { store, changes, processors, decoders, observers, mask, partitions }
  return {
    observers: async () => observersView(observers),
    observer: async (name) => observerView(observers, name),
    switchObserver: async (name, order) => await switchObserver(observers, name, order),
    testObserver: async (name, test) => await testObserver(tracing, name, test),
    putObserver: async (rule, order) => await putRule(observers, rule, order),
    removeObserver: async (name, by) => await removeRule(observers, name, by),
    observerHistory: async (name) => await ruleHistory(observers, name),
    traceEvent: async (id, search = {}) => await traceEvent(tracing, id, search),
  }
}

function unmaskedManagement(source: ManagementSource): Management {
  const { processors } = source
  const retrying: RetryContext = {
    processors,
    partitions: () => readPartitions(source),
    wake: () => runtimesOf(source).forEach((each) => each.wake()),
  }
  return {
    status: () => readStatus(source, async () => await readProcessors(source)),
    head: async () => formatPosition(await source.store.log.head()),
    listStreams: (query = {}) => listStreamsPage(source, query),
    readStream: (streamId, query = {}) => readStreamPage(source, streamId, query),
    searchEvents: (query = {}) => searchEventsPage(source, query),
    tail: (query = {}) => tail(source, query),
    processors: () => readProcessors(source),
    metrics: async () => await readMetrics(source.metrics),
    metricsText: async () => await source.metrics?.text(),
    pauseProcessor: async (name, by) => setPaused(source, name, { paused: true, by }),
    resumeProcessor: async (name, by) => setPaused(source, name, { paused: false, by }),
    deliveries: (query = {}) => listDeliveriesPage(source, query),
    delivery: async (id) => {
      checkText('id', id)
      const delivery = await processors.getDelivery(id)
      return delivery === undefined ? undefined : deliveryView(delivery)
    },
    deadLetters: (query = {}) => listDeadLettersPage(source, query),
    deadLetter: async (id) => {
      checkText('id', id)
      const item = await processors.deadLetters.get(id)
      return item === undefined ? undefined : deadLetterView(item)
    },
    retryDeadLetter: async (id, options) => {
      checkText('id', id)
      return await retryDeadLetter(retrying, id, options)
    },
    removeDeadLetter: async (id, by) => {
      checkText('id', id)
      return await processors.deadLetters.remove(id, checkActor(by))
    },
    deadLetterHistory: (query = {}) => listDeadLetterHistory(source, query),
    streamHealth: async (streamId) => await readStreamHealth(source, streamId),
    snapshotStreams: async (query = {}) => await listSnapshotStreams(source, query),
    snapshots: async (streamId) => await listSnapshots(source, streamId),
    takeSnapshots: async (streamId) => await takeSnapshots(source, streamId),
    pruneSnapshots: async (streamId, { keep }) => await pruneSnapshots(source, streamId, keep),
    verifySnapshots: async (streamId) => await verifySnapshots(source, streamId),
    states: async (streamId, query = {}) => await readStates(source, streamId, query),
    projections: async () => await listProjections(source.projections),
    orderProjection: async (name, order) => await orderProjection(source.projections, name, order),
    documents: async (name, query = {}) => await listDocuments(source.projections, name, query),
    searchIndexes: async () => await listSearchIndexes(source.searchIndexes),
    rebuildSearchIndex: async (name, work = {}) => await rebuildSearchIndex(source.searchIndexes, name, work),
    locks: async () => await listLocks(source.locks),
    releaseLock: async (name, by) => await releaseLock(source.locks, name, by),
    eraseSubject: async (subject, order) => await eraseSubject(source.privacy, subject, order),
    verifyChain: async (query = {}) => await verifyChain(source.chain, query),
    anchorChain: async () => {
      const anchors = await source.chain?.anchor()
      return anchors === undefined ? undefined : { anchors }
    },
    archives: async () => await listArchives(source),
    createArchive: async (order = {}, work = {}) => await createArchive(source, order, work),
    verifyArchive: async (name, work = {}) => await checkOneArchive(source, name, work),
    partitions: async () => await listPartitions(source),
    detachPartition: async (name, order, work = {}) => await detachPartition(source, name, { order, work }),
    pruneProcessors: async (order) => await pruneUnused(source.database, order),
    accessLog: async (query = {}) => await listAccess(source.accessLog, query),
    pruneAccessLog: async (by) => await pruneAccess(source.accessLog, source.settings, by),
    ...captureCalls(capturedTables(source.database)),
    ...observerCalls(source),
    consumers: async () => await readConsumers(source),
    sweepConsumers: async (options = {}) => await sweepConsumers(source, options),
  }
}
