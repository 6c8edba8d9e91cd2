export { openCaptures } from './captures/open-captures.ts'
export type { AppCaptures, CapturesRequest } from './captures/open-captures.ts'
export { findConfig } from './config/find-config.ts'
export { loadConfig } from './config/load-config.ts'
export type {
  AppDefinition,
  AppDecoding,
  AppOptions,
  PrivacyContext,
  ProcessorContext,
  ReadModel,
  SecretName,
} from './definition/app-definition.ts'
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
export type { ProcessorPruneOrder, ProcessorPruneView } from './management/prune-views.ts'
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
  DeadLetterQuery,
  DeliveryQuery,
  EventQuery,
  Management,
  PageQuery,
  RetryOptions,
  StreamEventQuery,
  StreamQuery,
  TailQuery,
} from './management/management.ts'
export type {
  AttemptView,
  ConsumerView,
  DeadLettersPage,
  DeadLetterView,
  DeliveriesPage,
  DeliveryView,
  EventsPage,
  EventView,
  JetStreamView,
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
export type { AppChange, DeliveryNews, ProcessorNews } from './open/app-change.ts'
export type { App } from './open/app.ts'
export type { AppDecoders } from './open/app-decoders.ts'
export { openApp } from './open/open-app.ts'
export type { OpenOptions } from './open/open-app.ts'
export type { StateStorage, Storage } from './open/storage.ts'
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
