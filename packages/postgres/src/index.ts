export { openPostgresDedup } from './dedup/postgres-dedup.ts'
export type { PostgresDedupOptions } from './dedup/postgres-dedup.ts'
export { guardLock, lastEpoch } from './locks/lock-fence.ts'
export { openPostgresLocks } from './locks/postgres-locks.ts'
export type { PostgresLocksOptions } from './locks/postgres-locks.ts'
export { forgetProcessors } from './processor-store/forget-processors.ts'
export type { ForgetOptions } from './processor-store/forget-processors.ts'
export { pruneProcessors } from './processor-store/prune-processors.ts'
export type { PrunedProcessor, PruneOptions } from './processor-store/prune-processors.ts'
export { openProcessorStore } from './processor-store/open-processor-store.ts'
export type { MigrateMode } from './migrations/migrate.ts'
export type { ProcessorStoreOptions } from './processor-store/open-processor-store.ts'
export { openProjectionStore } from './projections/open-projection-store.ts'
export type { ProjectionStoreOptions } from './projections/open-projection-store.ts'
export { openPostgresReplacement } from './replace/open-postgres-replacement.ts'
export type { PostgresReplacementOptions } from './replace/open-postgres-replacement.ts'
export { openPostgresChain } from './chain/open-postgres-chain.ts'
export type { PostgresChainOptions } from './chain/open-postgres-chain.ts'
export { openPostgresPartitions } from './partitions/open-postgres-partitions.ts'
export type { PostgresPartitionsOptions } from './partitions/open-postgres-partitions.ts'
export { openPostgresAccessLog } from './privacy/postgres-access-log.ts'
export type { PostgresAccessLogOptions } from './privacy/postgres-access-log.ts'
export { openPostgresSubjectKeys } from './privacy/postgres-subject-keys.ts'
export type { PostgresSubjectKeysOptions } from './privacy/postgres-subject-keys.ts'
export { openPostgresQueue } from './queue/postgres-queue.ts'
export type { PostgresQueueOptions } from './queue/postgres-queue-options.ts'
export { postgresRows } from './query/postgres-rows.ts'
export type { PostgresRowsOptions } from './query/postgres-rows.ts'
export type { RowColumn } from './query/row-columns.ts'
export { openPostgresSearch } from './search/open-postgres-search.ts'
export type { PostgresSearchOptions } from './search/open-postgres-search.ts'
export { openPg } from './sql/pg-database.ts'
export type { PgOptions, PgPoolOptions, PgServer, PgServerConfig } from './sql/pg-options.ts'
export { openPglite } from './sql/open-pglite.ts'
export type { PgliteLocation } from './sql/open-pglite.ts'
export type { SqlDatabase, SqlSession, SqlTransaction, TextRow } from './sql/sql-database.ts'
export { openPostgresSnapshots } from './snapshots/open-postgres-snapshots.ts'
export type { PostgresSnapshotsOptions } from './snapshots/open-postgres-snapshots.ts'
export { openPostgresStore } from './store/open-postgres-store.ts'
export type { PostgresStoreOptions } from './store/open-postgres-store.ts'
export {
  inspectCapture,
  installCapture,
  listCaptures,
  removeCapture,
  repairCapture,
} from './capture/captures.ts'
export type {
  Capture,
  CaptureFault,
  CaptureFaultKind,
  CaptureOptions,
  ChangeCaptureOptions,
  InstallCaptureOptions,
  NamedCapture,
  RemoveCaptureOptions,
} from './capture/captures.ts'
export { placeOfChange } from './capture/change-id.ts'
export { openChangeLog } from './capture/open-change-log.ts'
export type { ChangeLogOptions } from './capture/open-change-log.ts'
export { createChangeEraser } from './capture/change-eraser.ts'
export type { ChangeEraser, ChangeEraserOptions } from './capture/change-eraser.ts'
export { openObserverRules } from './rules/observer-rules.ts'
export type {
  ObserverRuleAction,
  ObserverRuleChange,
  ObserverRuleOrder,
  ObserverRuleRow,
  ObserverRuleRows,
  ObserverRules,
  ObserverRulesOptions,
} from './rules/observer-rules.ts'
export { pruneChanges } from './capture/prune-changes.ts'
export type { PruneChangesOptions, PrunedChanges } from './capture/prune-changes.ts'
