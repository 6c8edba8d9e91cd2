export { defineRelay } from './relay/define-relay.ts'
export type { RelayDefinition } from './relay/define-relay.ts'
export { outgoingEvent } from './relay/outgoing-event.ts'
export { publishThrough } from './store/publish-through.ts'
export type {
  PublishCommitReceipt,
  PublishingStore,
  PublishReceipt,
  PublishThroughOptions,
} from './store/publish-through.ts'
