export type { PublisherDeclaration, PublisherUnderTest } from './publisher/declaration.ts'
export { publisherCases, publisherContract } from './publisher/publisher-contract.ts'
export type { PublisherCase } from './publisher/publisher-contract.ts'
export { EventStoreContext } from './event-store/context.ts'
export type { EventStoreDeclaration } from './event-store/declaration.ts'
export type { EventStoreCase } from './event-store/event-store-case.ts'
export { eventStoreCases, eventStoreContract } from './event-store/event-store-contract.ts'
export type { InProcessLanes, LaneOpener, Lanes, ProcessLanes } from './lanes/declaration.ts'
export type { Lane, Seen, Sighting } from './lanes/lane.ts'
export type { LockDriverDeclaration, LockDriverUnderTest } from './locks/declaration.ts'
export type { LockContext, LockDriverCase } from './locks/lock-case.ts'
export { lockDriverCases, lockDriverContract } from './locks/lock-driver-contract.ts'
export type { RaceReport, RaceSettings } from './locks/race.ts'
export type { SubjectKeysDeclaration, SubjectKeysUnderTest } from './subject-keys/declaration.ts'
export { subjectKeyCases } from './subject-keys/subject-key-cases.ts'
export { subjectKeyStoreContract } from './subject-keys/subject-key-contract.ts'
export type { ContractCase } from './suite/contract-case.ts'
export type { RowSourceDeclaration, RowSourcesUnderTest } from './query/declaration.ts'
export { rowSourceCases, rowSourceContract } from './query/row-source-contract.ts'
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
export type { SerializerDeclaration, SerializerUnderTest } from './serializer/declaration.ts'
export { serializerCases } from './serializer/serializer-cases.ts'
export type { SerializerCase } from './serializer/serializer-cases.ts'
export { serializerContract } from './serializer/serializer-contract.ts'
export type { SnapshotStoreCase } from './snapshot-store/bench.ts'
export type { SnapshotStoreDeclaration, SnapshotStoreUnderTest } from './snapshot-store/declaration.ts'
export { snapshotStoreCases, snapshotStoreContract } from './snapshot-store/snapshot-store-contract.ts'
