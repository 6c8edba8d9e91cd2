export type { AnyEvents, Decider, DefinedDecider, Fact } from './decider/decider.ts'
export { defineDecider } from './decider/define-decider.ts'
export type { DeciderDefinition, EvolveCases } from './decider/define-decider.ts'
export { fold } from './decider/fold.ts'
export { handleSync } from './decider/handle-sync.ts'
export type { SyncResult } from './decider/handle-sync.ts'
export { isRejection, reject } from './decider/rejection.ts'
export type { Rejection } from './decider/rejection.ts'
export { AggregateContendedError, UndeclaredTransitionError } from './errors.ts'
export { defineMachine } from './machine/define-machine.ts'
export type { Machine, Moved, PossibleTransition } from './machine/define-machine.ts'
export type {
  AnyCommand,
  AnyState,
  LiveState,
  MachineDefinition,
  Step,
  TerminalState,
  TransitionDefinition,
} from './machine/machine-definition.ts'
export type { Aggregates, LoadedAggregate } from './handling/aggregates.ts'
export type { AggregatesOptions, AggregateStreams } from './handling/aggregates-options.ts'
export type { RetryOptions } from './handling/backoff.ts'
export type { HandleOptions } from './handling/command-options.ts'
export type { Accepted, CommandResult, Rejected } from './handling/command-result.ts'
export type { InPartsOptions, LazyDecision, Streaming } from './handling/decision-in-parts.ts'
export { createAggregates } from './handling/create-aggregates.ts'
export type { StateAtOptions } from './handling/instant-options.ts'
export type { TimeOfEvent } from './handling/stream-history.ts'
export { createStateReader } from './reader/state-reader.ts'
export type { StateReader, StateReaderOptions } from './reader/state-reader.ts'
