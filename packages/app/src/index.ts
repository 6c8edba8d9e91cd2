export { findConfig } from './config/find-config.ts'
export { loadConfig } from './config/load-config.ts'
export type {
  AppDefinition,
  AppOptions,
  ProcessorContext,
  ReadModel,
  SecretName,
} from './definition/app-definition.ts'
export { defineApp, isAppDefinition } from './definition/define-app.ts'
export { StoreMissingError } from './errors.ts'
export { announceServer, findServer } from './instance/server-file.ts'
export type { ServerFile } from './instance/server-file.ts'
export { createManagement } from './management/create-management.ts'
export type { ManagementSource } from './management/create-management.ts'
export type {
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
  DeadLettersPage,
  DeadLetterView,
  DeliveriesPage,
  DeliveryView,
  EventsPage,
  EventView,
  LagView,
  OperatorActionView,
  PartitionView,
  ProcessorView,
  RecordView,
  RetryView,
  StatusView,
  StorageView,
  StreamsPage,
  StreamView,
} from './management/views.ts'
export type { AppChange, DeliveryNews, ProcessorNews } from './open/app-change.ts'
export type { App } from './open/app.ts'
export { openApp } from './open/open-app.ts'
export type { OpenOptions } from './open/open-app.ts'
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
export { resolveSettings } from './settings/settings.ts'
export type {
  Environment,
  Setting,
  SettingOrigin,
  Settings,
  SettingsInCode,
  SettingsOptions,
} from './settings/settings.ts'
