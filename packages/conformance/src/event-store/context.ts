import type { EventStore } from '@millrace/contracts'

import type { Lane } from '../lanes/lane.ts'
import { openLanes } from '../lanes/open-lanes.ts'
import type { EventStoreDeclaration } from './declaration.ts'

/** An opened store and its lanes, for the cases of one suite. */
export class EventStoreContext implements AsyncDisposable {
  readonly declaration: EventStoreDeclaration
  #store: EventStore
  #lanes: Promise<readonly Lane[]> | undefined

  constructor(declaration: EventStoreDeclaration, store: EventStore) {
    this.declaration = declaration
    this.#store = store
  }

  /** Opens the store; its lanes start with the first race. */
  static async open(declaration: EventStoreDeclaration): Promise<EventStoreContext> {
    return new EventStoreContext(declaration, await declaration.open())
  }

  /** The suite's own handle. */
  get store(): EventStore {
    return this.#store
  }

  /** The four writers of a race. */
  readonly lanes = async (): Promise<readonly Lane[]> =>
    await (this.#lanes ??= openLanes(this.declaration.lanes, () => this.#store))

  /** Closes the suite's handle and opens another. */
  async reopen(): Promise<EventStore> {
    await this.#store[Symbol.asyncDispose]()
    this.#store = await this.declaration.open()
    return this.#store
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Lanes that did not open have failed the case that asked for them, and hold nothing.
    const lanes = await this.#lanes?.catch((): readonly Lane[] => [])
    for (const lane of lanes ?? []) await lane[Symbol.asyncDispose]()
    await this.#store[Symbol.asyncDispose]()
  }
}
