export { openFileSnapshots } from './files/open-file-snapshots.ts'
export type { FileSnapshotsOptions } from './files/open-file-snapshots.ts'
export { createSnapshots } from './keeper/create-snapshots.ts'
export type { SnapshotsOptions } from './keeper/create-snapshots.ts'
export type { SnapshotCounts, SnapshotFact } from './keeper/snapshot-fact.ts'
export type { Snapshots, SnapshotVerdict, VerifyOptions } from './keeper/snapshots.ts'
export { checkThreshold, defineSnapshots, isSnapshotDefinition } from './policy/define-snapshots.ts'
export type {
  AnySnapshotDefinition,
  FoldRules,
  ScheduleName,
  SnapshotDefinition,
  SnapshotOptions,
} from './policy/define-snapshots.ts'
export { SnapshotSchedule } from './schedule/snapshot-schedule.ts'
export type { ScheduleParts } from './schedule/snapshot-schedule.ts'
