export { EventStoreContext } from './event-store/context.ts'
export type { EventStoreDeclaration } from './event-store/declaration.ts'
export type { EventStoreCase } from './event-store/event-store-case.ts'
export { eventStoreCases, eventStoreContract } from './event-store/event-store-contract.ts'
export type { InProcessLanes, LaneOpener, Lanes, ProcessLanes } from './lanes/declaration.ts'
export type { Lane, Seen, Sighting } from './lanes/lane.ts'
export type { ContractCase } from './suite/contract-case.ts'
export type { EffectFreeStoreCase, ProcessorStoreCase } from './processor-store/bench.ts'
export type {
  EffectFreeStoreUnderTest,
  ProcessorStoreDeclaration,
  ProcessorStoreUnderTest,
} from './processor-store/declaration.ts'
export {
  effectFreeStoreCases,
  effectFreeStoreContract,
  processorStoreCases,
  processorStoreContract,
} from './processor-store/processor-store-contract.ts'
