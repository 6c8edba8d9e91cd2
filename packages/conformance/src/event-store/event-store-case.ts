import type { ContractCase } from '../suite/contract-case.ts'
import type { EventStoreContext } from './context.ts'

/** One promise of an event store. */
export type EventStoreCase = ContractCase<EventStoreContext>
