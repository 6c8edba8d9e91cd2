import { formatPosition } from '@millrace/contracts'
import type { AccessLog, HashChain, LockDriver, PartitionStatus, ProcessorStore } from '@millrace/contracts'
import type { SqlDatabase } from '@millrace/postgres'
import type { Masker, Privacy } from '@millrace/privacy'
import type { ProcessorRuntime } from '@millrace/processing'
import type { CursorKeys } from '@millrace/query'

import type { AppDecoders } from '../open/app-decoders.ts'
import type { AppSnapshots } from '../snapshots/app-snapshots.ts'
import { listAccess, pruneAccess } from './access-views.ts'
import { checkActor, checkCategories, checkText, checkTypes } from './arguments.ts'
import { listDocuments } from './document-views.ts'
import { consumerView } from './jetstream-views.ts'
import { deadLetterView, deliveryView } from './ledger-views.ts'
import { listLocks, releaseLock } from './lock-views.ts'
import type { ConsumerSweep, Management, TailQuery } from './management.ts'
import { maskedManagement } from './masked-management.ts'
import {
  checkOneArchive,
  createArchive,
  detachPartition,
  listArchives,
  listPartitions,
} from './operate-archives.ts'
import type { ArchiveSource } from './operate-archives.ts'
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
import { listDeadLettersPage, listDeliveriesPage } from './read-ledger.ts'
import { readStorage, silentStorage } from './read-storage.ts'
import type { StorageSource } from './read-storage.ts'
import { retryDeadLetter } from './retry-dead-letter.ts'
import type { RetryContext } from './retry-dead-letter.ts'
import { readStates } from './state-views.ts'
import { judge } from './status-view.ts'
import { readStreamHealth } from './stream-health.ts'
import { tailEvents } from './tail.ts'
import type { ConsumerView, EventView, ProcessorView, StatusView, SweepView } from './views.ts'

/** What {@link createManagement} works on; every `App` is one. */
export interface ManagementSource extends StorageSource, ArchiveSource {
  readonly name: string
  readonly mode: 'run' | 'inspect'
  readonly instance: string
  readonly startedAt: Date
  readonly processors: ProcessorStore
  readonly locks: LockDriver
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
  readonly runtime: Pick<ProcessorRuntime, 'status' | 'pause' | 'resume' | 'wake'> | undefined
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

async function readProcessors(source: ManagementSource): Promise<readonly ProcessorView[]> {
  const { store, runtime } = source
  const stored = await readPartitions(source)
  return processorViews(store.log, stored, (await runtime?.status()) ?? [])
}

/** A store that does not answer is an answer too. */
async function readStatus(source: ManagementSource): Promise<StatusView> {
  const about = {
    app: source.name,
    mode: source.mode,
    pid: process.pid,
    instance: source.instance,
    startedAt: source.startedAt.toISOString(),
    at: new Date().toISOString(),
  }
  try {
    const storage = await readStorage(source)
    const processors = await readProcessors(source)
    const erasures = (await source.privacy?.incompleteErasures())?.length ?? 0
    const skippedEvents = source.decoders.skipped()
    return { ...about, ...judge(processors, storage, erasures), storage, processors, skippedEvents }
  } catch (error) {
    const storage = silentStorage(source)
    const reason = error instanceof Error ? error.message : String(error)
    return {
      ...about,
      status: 'down',
      reasons: [reason],
      storage,
      processors: [],
      skippedEvents: source.decoders.skipped(),
    }
  }
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
  const { runtime, processors } = source
  checkText('name', name)
  const by = checkActor(change.by)
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

function unmaskedManagement(source: ManagementSource): Management {
  const { processors } = source
  const retrying: RetryContext = {
    processors,
    partitions: () => readPartitions(source),
    wake: () => source.runtime?.wake(),
  }
  return {
    status: () => readStatus(source),
    head: async () => formatPosition(await source.store.log.head()),
    listStreams: (query = {}) => listStreamsPage(source, query),
    readStream: (streamId, query = {}) => readStreamPage(source, streamId, query),
    searchEvents: (query = {}) => searchEventsPage(source, query),
    tail: (query = {}) => tail(source, query),
    processors: () => readProcessors(source),
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
    consumers: async () => await readConsumers(source),
    sweepConsumers: async (options = {}) => await sweepConsumers(source, options),
  }
}
