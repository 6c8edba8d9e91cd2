export type { Partly } from './difference/partial.ts'
export type { Conversion } from './spec/spec-upcasters.ts'
export { Decision } from './spec/decision.ts'
export type { ErrorPattern, EventPart } from './spec/decision.ts'
export type { Given } from './spec/given.ts'
export type { MachineDecision } from './spec/machine-decision.ts'
export { assertSpecsFinished, forgetOpenSpecs } from './spec/open-specs.ts'
export { spec } from './spec/spec.ts'
export type { DeciderSpec, MachineSpec, SpecOptions } from './spec/spec.ts'
export { specDowncasters, specUpcasters } from './spec/spec-upcasters.ts'
export type {
  DowncastersSpec,
  LiftedBy,
  SpecCastersOptions,
  SpecDowncasters,
  SpecUpcasters,
  UpcastersSpec,
} from './spec/spec-upcasters.ts'
export type { StorageOptions } from './spec/storage.ts'
export type { SpecMachine, SpecSubject } from './spec/subject.ts'
export { startScript } from './crash/script-process.ts'
export type { CrashPoint, Exit, ScriptOptions, ScriptProcess } from './crash/script-process.ts'
export { chooseSeed, createRandom } from './crash/random.ts'
export { surviveCrashes } from './crash/survive-crashes.ts'
export type { CrashPlan, CrashStage, CrashVerdict } from './crash/survive-crashes.ts'
export { countHits } from './failpoints/count-hits.ts'
export type { HitCount } from './failpoints/count-hits.ts'
export { crashAt } from './failpoints/crash-at.ts'
export type { CrashAtOptions } from './failpoints/crash-at.ts'
export { holdAt } from './failpoints/hold-at.ts'
export type { Hold, HoldOptions } from './failpoints/hold-at.ts'
export type { Place } from './failpoints/place.ts'
export { withFailpoint } from './failpoints/with-failpoint.ts'
export type { Fault } from './failpoints/with-failpoint.ts'
export { openLink } from './network/link.ts'
export type { Link, LinkTarget } from './network/link.ts'
export type { Slowness } from './network/delay.ts'
