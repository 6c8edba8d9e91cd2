import type { EventStore } from '@millrace/contracts'

import type { Lanes } from '../lanes/declaration.ts'

/** What an adapter says about itself before its event store is put to the contract. */
export interface EventStoreDeclaration {
  /** Names the suite. */
  readonly name: string
  /**
   * Opens the store under test. Called again after the former handle was disposed; a durable store then holds what it
   * held before. All cases share the store and use streams of their own.
   */
  readonly open: () => Promise<EventStore>
  /** Whether what was appended is still there after the store was closed and opened again, and why (not). */
  readonly durability: { readonly kind: 'durable' | 'gone-when-closed'; readonly why: string }
  /** How races run. */
  readonly lanes: Lanes
  /** What the store's own `capabilities` must say. */
  readonly capabilities: EventStore['capabilities']
}
