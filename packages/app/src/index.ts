export { openCaptures } from './captures/open-captures.ts'
export type { AppCaptures, CapturedTables, CapturesRequest } from './captures/open-captures.ts'
export { findConfig } from './config/find-config.ts'
export { loadConfig } from './config/load-config.ts'
export { validateConfig } from './config/validate-config.ts'
export type { ConfigReport, ConfigRequest, StoredRule } from './config/validate-config.ts'
export type {
  AppDefinition,
  AppDecoding,
  AppOptions,
  PrivacyContext,
  ReadModel,
} from './definition/app-definition.ts'
export type { ProcessorContext, SecretName } from './definition/processor-context.ts'
export { defineApp, isAppDefinition } from './definition/define-app.ts'
export { ArchiveBusyError, StoreMissingError } from './errors.ts'
export { announceServer, findServer } from './instance/server-file.ts'
export type { ServerFile } from './instance/server-file.ts'
export { createManagement } from './management/create-management.ts'
export type { ManagementSource } from './management/create-management.ts'
export type { AccessPage, AccessPruneView, AccessQuery, AccessView } from './management/access-views.ts'
export type {
  ArchiveCheckView,
  ArchiveOrder,
  ArchiveRunView,
  ArchivesView,
  ArchiveView,
  LogPartitionView,
  PartitionOrder,
  Work,
} from './management/archive-views.ts'
export { captureCalls } from './management/capture-views.ts'
export type {
  CaptureCalls,
  CaptureOrder,
  CaptureView,
  ChangePruneOrder,
  ChangePruneView,
  RepairedCaptureView,
} from './management/capture-views.ts'
export type { EventTraceView, ObserverTestView, ProcessorTraceView } from './management/event-trace.ts'
export type { RecordSearch } from './management/find-record.ts'
export type {
  DestinationView,
  ObserverItemView,
  ObserversView,
  PutRuleView,
  RenderedActionView,
  RuleChangeView,
  RuleHistoryView,
  RuleProblemView,
  VerdictView,
} from './management/observer-views.ts'
export type {
  OperatedChange,
  OperatedObserver,
  OperatedObservers,
  PutRuleOrder,
} from './management/operate-observers.ts'
export type { MetricsView } from './management/metrics-view.ts'
export type { ProcessorPruneOrder, ProcessorPruneView } from './management/prune-views.ts'
export type { SearchIndexView, SearchRebuildView } from './management/search-views.ts'
export type { LockView } from './management/lock-views.ts'
export type { ChainQuery, ErasureOrder, ErasureView } from './management/privacy-views.ts'
export type { DocumentQuery, DocumentsPage, DocumentView } from './management/document-views.ts'
export type {
  BuildProgressView,
  BuildView,
  HeldStreamsView,
  HeldStreamView,
  OperatedProjections,
  ProjectionOrder,
  ProjectionOrderView,
  ProjectionView,
} from './management/projection-views.ts'
export type {
  ConsumerSweep,
  DeadLetterHistoryQuery,
  DeadLetterQuery,
  DeliveryQuery,
  EventQuery,
  Management,
  ObserverTest,
  PageQuery,
  RetryOptions,
  StreamEventQuery,
  StreamQuery,
  TailQuery,
} from './management/management.ts'
export type {
  AttemptView,
  ConsumerView,
  DeadLetterActionView,
  DeadLetterHistoryPage,
  DeadLettersPage,
  DeadLetterView,
  DeliveriesPage,
  DeliveryView,
  EventsPage,
  EventView,
  JetStreamView,
  HeldKeysView,
  HeldKeyView,
  LagView,
  OperatorActionView,
  PartitionView,
  ProcessorView,
  RecordView,
  ReplicaView,
  RetryView,
  StatusView,
  StorageView,
  StreamsPage,
  StreamView,
  SweepView,
} from './management/views.ts'
export type { AppHealth } from './health/app-health.ts'
export type { ComponentState, ComponentView } from './health/component.ts'
export type { AppChange, DeliveryNews, ProcessorNews } from './open/app-change.ts'
export type { App } from './open/app.ts'
export type { AppDecoders } from './open/app-decoders.ts'
export { openApp } from './open/open-app.ts'
export type { OpenOptions } from './open/open-app.ts'
export type { StateStorage, Storage } from './open/storage.ts'
export type { AppCapture } from './captures/install-captures.ts'
export type {
  AppObservers,
  ObserverChange,
  ObserverOverride,
  ObserversSummary,
  ObserverView,
  PutObserver,
  PutObserverOrder,
} from './observers/app-observers.ts'
export type { CommandTarget } from './observers/kinds/command.ts'
export type {
  AppObserverOptions,
  AppObserversDefinition,
  ObserverContext,
} from './observers/observer-options.ts'
export { openReplacement } from './replacement/open-replacement.ts'
export type { AppReplacement, ReplacementRequest } from './replacement/open-replacement.ts'
export { readTokenHolders, tokensVariable } from './settings/principals.ts'
export type { TokenHolder } from './settings/principals.ts'
export {
  checkToken,
  loadSecrets,
  ownSecrets,
  readSecrets,
  readToken,
  secretsFile,
  tokenVariable,
} from './settings/secrets.ts'
export type { Secret, SecretDefinition, SecretDefinitions } from './settings/secrets.ts'
export { defineJob } from './services/job-definition.ts'
export type { AppJobs, JobDefinition } from './services/job-definition.ts'
export type { AppQueue } from './services/app-queue.ts'
export type { AppServices } from './services/app-services.ts'
export type {
  AppSearchIndexes,
  IndexProgress,
  RebuildOptions,
  SearchIndexStatus,
} from './search-indexes/app-search-indexes.ts'
export { defineAppIndex } from './search-indexes/index-definition.ts'
export type { AppSearchIndex, IndexingContext } from './search-indexes/index-definition.ts'
export type { DedupAwayMode, ServiceSettings, ServiceSettingsInCode } from './settings/service-settings.ts'
export type { LockDriverName, LockSettings, LockSettingsInCode } from './settings/lock-settings.ts'
export type {
  PublisherMode,
  PublisherSettings,
  PublisherSettingsInCode,
} from './settings/publisher-settings.ts'
export type { NatsSettings, NatsSettingsInCode } from './settings/nats-settings.ts'
export type { Environment, Setting, SettingOrigin } from './settings/setting.ts'
export { resolveSettings } from './settings/settings.ts'
export type { Settings, SettingsInCode, SettingsOptions } from './settings/settings.ts'
export type { StorageSettings, StorageSettingsInCode } from './settings/storage-settings.ts'
export type { SnapshotSettings, SnapshotSettingsInCode } from './settings/snapshot-settings.ts'
export type { AppSnapshots, SnapshotKind } from './snapshots/app-snapshots.ts'
export type { SnapshotStreamQuery, SnapshotStreamsPage } from './management/operate-snapshots.ts'
export type {
  SnapshotVerdictView,
  SnapshotView,
  StreamHealthView,
  TakenSnapshotView,
} from './management/snapshot-views.ts'
export type { StateQuery, StreamStatesView } from './management/state-views.ts'
export type { MetricFamily, MetricSpread, MetricValue, OpenMetrics } from '@millrace/telemetry'
