import type { FoldedState, StoredEvent } from '@millrace/contracts'

/** What a snapshot has to know of the events in its state, gathered while they are folded. */
export class FoldTrace {
  readonly #subjects: Set<string>
  #last: StoredEvent | undefined
  #occurredAt: number
  #recordedAt: number
  #events = 0
  readonly #from: FoldedState<unknown> | undefined

  /** From a saved state on, or from the beginning. */
  constructor(from: FoldedState<unknown> | undefined) {
    this.#from = from
    this.#subjects = new Set(from?.subjects)
    this.#occurredAt = from?.occurredAt.getTime() ?? 0
    this.#recordedAt = from?.recordedAt.getTime() ?? 0
  }

  /** How many events were folded. */
  get events(): number {
    return this.#events
  }

  add(stored: StoredEvent): void {
    this.#last = stored
    this.#events += 1
    // The latest of all, not the last: a store's clock may have been set back.
    this.#occurredAt = Math.max(this.#occurredAt, stored.occurredAt.getTime())
    this.#recordedAt = Math.max(this.#recordedAt, stored.recordedAt.getTime())
    if (stored.encryption !== undefined) this.#subjects.add(stored.encryption.subject)
  }

  /** The state with its place; undefined where nothing was ever recorded. */
  placed<State>(state: State): FoldedState<State> | undefined {
    const at = this.#last ?? this.#from
    if (at === undefined) return undefined
    const { version, position, commitId } = at
    return {
      state,
      version,
      position,
      commitId,
      occurredAt: new Date(this.#occurredAt),
      recordedAt: new Date(this.#recordedAt),
      subjects: [...this.#subjects],
    }
  }
}
