export { ActionError } from './action/action-error.ts'
export type { ActionErrorOptions, ActionFailureKind } from './action/action-error.ts'
export type { ActionGate } from './action/action-gate.ts'
export { defineAction } from './action/define-action.ts'
export type { Action, ActionDefinition, ActionInput, ActionReceipt } from './action/define-action.ts'
export { systemClock } from './clock/clock.ts'
export type { Clock } from './clock/clock.ts'
export { Pulse, pause } from './clock/pulse.ts'
export type { PulseWait } from './clock/pulse.ts'
export { partitionOf } from './processor/partition-of.ts'
export { defineProcessor } from './processor/define-processor.ts'
export type { Processor, ProcessorDefinition } from './processor/define-processor.ts'
export type { HandlerContext } from './processor/handler-context.ts'
export type { RetryPolicy, RetrySchedule } from './retry/retry-policy.ts'
export type {
  AttemptsUnknown,
  DeliveryChange,
  DeliveryChanged,
  FactListener,
  PartitionChanged,
  PartitionState,
  ProblemSeen,
  ProcessingFact,
  ProcessorAdvanced,
  RecordParked,
  RecordSkipped,
  WriteRefused,
} from './runtime/facts.ts'
export { createProcessorRuntime } from './runtime/processor-runtime.ts'
export type { ProcessorRuntime } from './runtime/processor-runtime.ts'
export type { PartitionReport } from './runtime/runtime-status.ts'
export type { ProcessorRuntimeOptions } from './runtime/settings.ts'
