export { combineUpcasters } from './chains/upcasting.ts'
export type { LiftRequest, Standing, TypeChains, Upcasting } from './chains/upcasting.ts'
export type { Chain, VersionedData } from './chains/chain.ts'
export type { Place } from './chains/step-graph.ts'
export { defineUpcasters } from './define-upcasters.ts'
export type { Upcasters } from './define-upcasters.ts'
export { defineDowncasters } from './downcast/define-downcasters.ts'
export type { Downcasters } from './downcast/define-downcasters.ts'
export { impossible } from './downcast/downcast-step.ts'
export type { AnyDownSteps, Impossible } from './downcast/downcast-step.ts'
export type { CheckedDownSteps } from './downcast/checked-down-steps.ts'
export type { LegacyRecord, MigrateOptions, MigratedBatch } from './legacy/migrate.ts'
export type { BrokenChain, CheckedSteps } from './steps/checked-steps.ts'
export { becomes, drops, part, splits, unrecorded } from './steps/step.ts'
export type {
  AnyStep,
  AnySteps,
  Becomes,
  Drops,
  Lift,
  SplitPart,
  SplitTargets,
  Splits,
  Unrecorded,
} from './steps/step.ts'
export type { KnownHeader, UpcastHeader } from './steps/upcast-header.ts'
