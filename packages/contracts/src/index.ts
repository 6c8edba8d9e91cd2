export type {
  CacheStore,
  InvalidationListener,
  StoredValue,
  StoreEntry,
  WriteTicket,
} from './cache/cache-store.ts'
export type { Cache, CacheOptions, CacheStats } from './cache/cache.ts'
export { checkCacheKey, checkCacheOptions, checkCacheTags, maxCacheTtlMs } from './cache/check-cache.ts'
export { decodeEvents } from './codec/decode-events.ts'
export { createEventDecoder } from './codec/decoder.ts'
export type {
  DecryptHook,
  EventDecoder,
  EventDecoderOptions,
  SkippedEvent,
  UpcastHook,
} from './codec/decoder.ts'
export { encodeTombstone } from './codec/encode-tombstone.ts'
export { createEventEncoder, serializeData } from './codec/encoder.ts'
export type { EncodedEvent, EventEncoder, EventEncoderOptions } from './codec/encoder.ts'
export { SealedData } from './codec/sealed-data.ts'
export type { SealedContent } from './codec/sealed-data.ts'
export { jsonSerializer } from './codec/serializer.ts'
export type { Serializer } from './codec/serializer.ts'
export type {
  Encryption,
  Envelope,
  EventHeader,
  NewEvent,
  StoredEvent,
  UpcastPart,
} from './envelope/envelope.ts'
export { fromCloudEvent, isJsonContentType, toCloudEvent } from './envelope/cloud-event.ts'
export type { CloudEvent } from './envelope/cloud-event.ts'
export { eventAttributes, readEventAttributes } from './envelope/event-attributes.ts'
export type {
  AttributedPart,
  AttributeReader,
  EventAttribute,
  ReadAttributes,
} from './envelope/event-attributes.ts'
export { plainEvent } from './envelope/plain-event.ts'
export { checkMetadata } from './envelope/check-metadata.ts'
export { childMetadata, traceIdOf } from './envelope/metadata.ts'
export type { Actor, Cause, EventMetadata, JsonValue } from './envelope/metadata.ts'
export { MillraceError, isMillraceError } from './errors/millrace-error.ts'
export {
  AccessDeniedError,
  DecryptionFailedError,
  ErasureIncompleteError,
  KeyUnavailableError,
  SubjectErasedError,
} from './errors/privacy-errors.ts'
export {
  ConfigurationError,
  ConnectionError,
  DataFolderCorruptError,
  DataFolderLockedError,
  FencedError,
  LockDriverUnavailableError,
  ProjectionError,
  PublisherError,
  TransactionReentryError,
} from './errors/operation-errors.ts'
export { InvalidSnapshotError, SnapshotNotFoundError } from './errors/snapshot-errors.ts'
export type { SnapshotFault, SnapshotPlace } from './errors/snapshot-errors.ts'
export {
  ConcurrencyError,
  DuplicateEventError,
  LogArchivedError,
  LogReplacedError,
  NotSupportedError,
  PartitionHeldError,
  PayloadTooLargeError,
  StoreFullError,
  StreamCorruptError,
  StreamNotFoundError,
  StreamTombstonedError,
} from './errors/store-errors.ts'
export type { VersionConflict } from './errors/store-errors.ts'
export {
  DowncastFailedError,
  EventSerializationError,
  InvalidCursorError,
  InvalidStreamNameError,
  InvalidValueError,
  UnknownEventVersionError,
  UpcasterFailedError,
} from './errors/value-errors.ts'
export type { FailedDowncast, FailedUpcast } from './errors/value-errors.ts'
export { defineEvents } from './events/define-events.ts'
export type { Schema } from './events/schema.ts'
export { defineRowChanges } from './capture/define-row-changes.ts'
export type { RowChangeEnvelope, RowChanges } from './capture/define-row-changes.ts'
export type {
  RowChange,
  RowDeleted,
  RowInserted,
  RowOperation,
  RowRekeyed,
  RowUpdated,
  TableTruncated,
} from './capture/row-change.ts'
export type {
  EnvelopeOf,
  EventCreator,
  EventDataOf,
  EventDefinition,
  EventDefinitions,
  EventRegistry,
  Events,
  NewEventOf,
  NewEventOptions,
  VersionedSchema,
} from './events/define-events.ts'
export { assertRoundTrip } from './events/round-trip.ts'
export { isEventType, tombstoneType } from './events/event-type.ts'
export { defineFailpoint, failpoint, failpointNames, setFailpointHandler } from './failpoints/failpoints.ts'
export type { Failpoint, FailpointHandler, FailpointName } from './failpoints/failpoints.ts'
export { bucketCount, bucketOf, bucketOfStream } from './ids/bucket.ts'
export { escapeFilePath, escapeSubjectToken, unescapeFilePath, unescapeSubjectToken } from './ids/escape.ts'
export {
  categoryOf,
  createStreamId,
  isCategory,
  isStreamId,
  isStreamKey,
  keyOf,
  parseAggregateId,
  parseStreamId,
} from './ids/stream-id.ts'
export type { AggregateId, StreamId } from './ids/stream-id.ts'
export { createStreamNaming } from './ids/stream-naming.ts'
export type { StreamNameParts, StreamNaming } from './ids/stream-naming.ts'
export { createIdFactory, isUlid, parseCommitId, parseEventId, ulidTime } from './ids/ulid.ts'
export type { CommitId, EventId, IdFactory } from './ids/ulid.ts'
export { checkClaim, checkDone, checkReleaseClaims, defaultDedupTtlMs } from './dedup/check-dedup.ts'
export { dedupWhenAway } from './dedup/dedup-when-away.ts'
export type { DedupWhenAwayOptions } from './dedup/dedup-when-away.ts'
export type { ClaimOptions, Dedup, DedupClaim, DedupEntry, DoneOptions } from './dedup/dedup.ts'
export { checkAcquireLock, checkForceRelease, checkLockName, checkRenewLock } from './locks/check-lock.ts'
export { HeldLock, holdLock } from './locks/held-lock.ts'
export type { HoldLockOptions } from './locks/held-lock.ts'
export type {
  AcquireLockOptions,
  Lock,
  LockAttempt,
  LockDriver,
  LockProgress,
  LockView,
} from './locks/lock-driver.ts'
export { reachingLockDriver } from './locks/reaching-driver.ts'
export { findZombies } from './locks/zombies.ts'
export type { ZombieLock, ZombieOptions } from './locks/zombies.ts'
export type { EventLog, LogBatch, LogFilter, LogLag, LogRecord, ReadBatchOptions } from './log/event-log.ts'
export type { DetachOrder, LogPartition, LogPartitions } from './log/log-partitions.ts'
export { followLog } from './log/follow-log.ts'
export type { FollowOptions } from './log/follow-log.ts'
export { measuredDedup } from './metrics/measured-dedup.ts'
export { measuredLocks } from './metrics/measured-locks.ts'
export { otherLabel } from './metrics/metric-definition.ts'
export type {
  CounterDefinition,
  GaugeDefinition,
  HistogramDefinition,
  LabelBound,
  MetricDefinition,
  MetricLabels,
} from './metrics/metric-definition.ts'
export { noMetrics } from './metrics/metrics.ts'
export type { Counter, Histogram, MetricReader, Metrics, Reading } from './metrics/metrics.ts'
export { millraceMetrics } from './metrics/millrace-metrics.ts'
export { observeQueues } from './metrics/observe-queues.ts'
export type { CarryOver, RecordPlace } from './processing/carry-over.ts'
export type {
  DeadLetter,
  DeadLetterQueue,
  HeldKey,
  HeldKeys,
  HeldStream,
  HeldStreams,
  HoldingRecord,
  DeadLetterAction,
  DeadLetterHistoryOptions,
  ListDeadLettersOptions,
  OperatorAction,
  ParkedRecord,
} from './processing/dead-letters.ts'
export { checkDuration, checkProcessorName, checkText } from './processing/check-values.ts'
export { deliveryId } from './processing/delivery.ts'
export type {
  Attempt,
  AttemptResult,
  Delivery,
  DeliveryState,
  DeliveryVerdict,
  NewDelivery,
  RecordCopy,
} from './processing/delivery.ts'
export type { Lease, LeaseAttempt } from './processing/lease.ts'
export type { Page } from './processing/page.ts'
export type {
  AcquireOptions,
  Advance,
  AdvanceReceipt,
  DueDeliveries,
  DueOptions,
  ListDeliveriesOptions,
  NewParkedRecord,
  PartitionStatus,
  ProcessorRegistration,
  ProcessorRequests,
  ProcessorStore,
  Settlement,
} from './processing/processor-store.ts'
export type { StateWrite } from './processing/state-write.ts'
export type { AccessEntry, AccessLog, ListAccessOptions } from './privacy/access-log.ts'
export { checkErasure, checkListSubjectKeys, checkSubject, checkSubjectKey } from './privacy/check-subject.ts'
export type {
  AnchorSigner,
  ArchivedChain,
  ChainAnchor,
  ChainFault,
  ChainFaultKind,
  ChainReport,
  HashChain,
  VerifyChainOptions,
} from './privacy/hash-chain.ts'
export type {
  Erasure,
  ErasureRequest,
  ListSubjectKeysOptions,
  SubjectKey,
  SubjectKeyState,
  SubjectKeyStore,
  WrappedKey,
} from './privacy/subject-keys.ts'
export { registrationConflict } from './processing/registration-conflict.ts'
export type {
  Comparison,
  FieldType,
  FieldValue,
  PlacedRow,
  Row,
  RowCondition,
  RowField,
  RowFields,
  RowOrder,
  RowPlace,
  RowSelection,
  RowSource,
} from './query/row-source.ts'
export { ProjectionRebuildInProgressError } from './errors/projection-errors.ts'
export { isFeedingStore } from './projections/commit-feeder.ts'
export type { CommitFeeder, FedCommit, FeedingEventStore, FeedSession } from './projections/commit-feeder.ts'
export { buildProcessor, buildSuffix, buildTable } from './projections/build-names.ts'
export type {
  BuildPlan,
  BuildRef,
  BuildState,
  DocumentChange,
  DocumentModel,
  DocumentOwner,
  DocumentPlace,
  InlineFeed,
  InlineTarget,
  ListDocumentsOptions,
  LiveDocuments,
  ModelForm,
  PartitionPlace,
  ProjectionBuild,
  ProjectionStore,
  ReadDocument,
  SaveDocumentsOptions,
  StoredDocument,
  WriteStatement,
} from './projections/projection-store.ts'
export type { PublishOptions, Publisher } from './publishing/publisher.ts'
export { checkJob, checkJobRetry, checkQueueName, checkWork } from './queue/check-job.ts'
export type {
  EnqueueOptions,
  JobHandler,
  JobQueue,
  JobRetryPolicy,
  JobView,
  JobWorker,
  QueueDepth,
  RunningJob,
  WorkOptions,
} from './queue/job-queue.ts'
export { jobRetryDelay } from './queue/job-retry-delay.ts'
export { isLastFailure, jobFailureText, runJob } from './queue/run-job.ts'
export type { JobBounds } from './queue/run-job.ts'
export { typedJobs } from './queue/typed-jobs.ts'
export type { JobDataOf, JobDefinitions, JobHandlers, TypedJobs } from './queue/typed-jobs.ts'
export type {
  CopiedCommit,
  CopiedEvent,
  CopiedTombstone,
  CopiedWrite,
  LogCopy,
} from './replacement/log-copy.ts'
export type { LogReplacement, ReplacementState } from './replacement/log-replacement.ts'
export {
  checkSnapshot,
  checkSnapshotKey,
  checkSnapshotList,
  checkSnapshotName,
  checkSnapshotPrune,
  checkSnapshotQuery,
  checkSnapshotStreams,
} from './snapshots/check-snapshot.ts'
export type { SealedState, SealingContext, SnapshotSealing } from './snapshots/sealing.ts'
export { formatSnapshotHeader, parseSnapshotHeader } from './snapshots/snapshot-header.ts'
export { compareSnapshots, matchesSnapshotKey, matchesSnapshotTimes } from './snapshots/snapshot-selection.ts'
export type {
  SnapshotBound,
  SnapshotQuery,
  SnapshotStore,
  SnapshotStreamsOptions,
} from './snapshots/snapshot-store.ts'
export type {
  Snapshot,
  SnapshotChecksum,
  SnapshotChecksumAlgorithm,
  SnapshotCompression,
  SnapshotEntry,
  SnapshotHeader,
  SnapshotKey,
} from './snapshots/snapshot.ts'
export type { FoldedState, SnapshotOutcome, StateSnapshots } from './snapshots/state-snapshots.ts'
export {
  checkCommitOptions,
  checkEventIds,
  checkListStreamsOptions,
  checkMaxRecords,
  checkReadAllOptions,
  checkReadStreamOptions,
  checkStreamWrites,
  checkTombstoneOptions,
} from './store/check-options.ts'
export type {
  AppendCondition,
  AppendOptions,
  AppendReceipt,
  CommitOptions,
  CommitReceipt,
  EventStore,
  EventStoreCapabilities,
  ForeignId,
  ListStreamsOptions,
  ReadAllOptions,
  ReadBounds,
  ReadStreamOptions,
  StreamInfo,
  StreamWrite,
  TombstoneOptions,
} from './store/event-store.ts'
export { Lanes } from './store/lanes.ts'
export { occurrenceOf } from './store/occurrence.ts'
export type { Occurrence } from './store/occurrence.ts'
export { receiptFor } from './store/receipt-for.ts'
export { StoreOver } from './store/store-over.ts'
export { checkExpectation, checkHead, noHead } from './store/stream-head.ts'
export type { HeadDemand, StreamHead } from './store/stream-head.ts'
export { checkWhole } from './values/check-whole.ts'
export { defined } from './values/defined.ts'
export type { Defined } from './values/defined.ts'
export { EventVersion, parseExpectedVersion, satisfiesExpectation } from './values/event-version.ts'
export type { ExpectedVersion } from './values/event-version.ts'
export { comparePositions, formatPosition, isAfter, parsePosition } from './values/position.ts'
export type { Position } from './values/position.ts'
export {
  checkSearchAggregation,
  checkSearchQuery,
  checkSearchSelection,
} from './search/check-search-query.ts'
export { searchWriteProblem } from './search/check-search-write.ts'
export { latestWrites } from './search/latest-writes.ts'
export { formatSearchCursor, parseSearchCursor } from './search/search-cursor.ts'
export type { SearchCursor, SearchPlace } from './search/search-cursor.ts'
export {
  checkSearchName,
  defineSearchIndex,
  searchFingerprint,
  subjectFields,
  subjectsInFingerprint,
} from './search/search-definition.ts'
export type {
  FingerprintFields,
  SearchBody,
  SearchDefinition,
  SearchField,
  SearchFieldKind,
  SearchFields,
  SearchFieldValue,
  SearchValue,
} from './search/search-definition.ts'
export type {
  RolloverOptions,
  SearchBuild,
  SearchHealth,
  SearchIndex,
  SearchSegment,
  SearchStore,
} from './search/search-index.ts'
export type {
  SearchAggregation,
  SearchCondition,
  SearchCounts,
  SearchExactName,
  SearchFilter,
  SearchFragment,
  SearchHit,
  SearchItem,
  SearchOrderedName,
  SearchPage,
  SearchQuery,
  SearchSelection,
  SearchSort,
  SearchText,
  SearchTextName,
} from './search/search-query.ts'
export type { SearchDocument, SearchPayload, SearchWrite, SearchWriteResult } from './search/search-write.ts'
export { SearchRejectedError } from './errors/search-errors.ts'
