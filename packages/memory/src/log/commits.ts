import type { AppendReceipt, Position, StoredEvent } from '@millrace/contracts'

/**
 * All events in the order of the log, and where each commit starts. Commits have no object of their own: with one
 * event each, which is the common case, that would be most of the store's garbage.
 */
export class Commits {
  readonly generation: string
  /** Undefined where a tombstone took an event out; the places of the others stay. */
  readonly events: (StoredEvent | undefined)[] = []
  /** Commit s starts at s - 1. */
  readonly #starts: number[] = []
  /** Results that cannot be told from the events: of several streams, or of a stream that was tombstoned. */
  readonly #receipts = new Map<number, readonly AppendReceipt[]>()

  constructor(generation: string) {
    this.generation = generation
  }

  /** The sequence of the last commit; 0 before the first. */
  get last(): number {
    return this.#starts.length
  }

  /** Adds the next commit; its result is kept where it is not that of one stream. */
  push(events: readonly StoredEvent[], receipts: readonly AppendReceipt[] | undefined): void {
    this.#starts.push(this.events.length)
    for (const event of events) this.events.push(event)
    if (receipts !== undefined) this.#receipts.set(this.last, receipts)
  }

  /** Where a commit starts in {@link Commits.events}; behind the last one, where the next would. */
  startOf(sequence: number): number {
    return this.#starts[sequence - 1] ?? this.events.length
  }

  /** The position a reader that has read a commit continues from. */
  endOf(sequence: number): Position {
    const size = this.startOf(sequence + 1) - this.startOf(sequence)
    return { generation: this.generation, commit: sequence, index: Math.max(0, size - 1) }
  }

  /** The events a commit still has. */
  eventsOf(sequence: number): StoredEvent[] {
    const slots = this.events.slice(this.startOf(sequence), this.startOf(sequence + 1))
    return slots.filter((event) => event !== undefined)
  }

  /** What the commit's writer was told. */
  receiptsOf(sequence: number): readonly AppendReceipt[] {
    const kept = this.#receipts.get(sequence)
    const last = this.events[this.startOf(sequence + 1) - 1]
    return kept ?? (last === undefined ? [] : [receiptOf(last)])
  }

  /** Takes events out for good; what their writers were told stays known. */
  erase(events: readonly StoredEvent[]): void {
    for (const { position } of events)
      if (!this.#receipts.has(position.commit))
        this.#receipts.set(position.commit, this.receiptsOf(position.commit))
    for (const { position } of events) this.events[this.startOf(position.commit) + position.index] = undefined
  }

  /** Index of the first event after a position. */
  indexAfter({ commit, index }: Position): number {
    return commit === 0 ? 0 : Math.min(this.startOf(commit) + index + 1, this.startOf(commit + 1))
  }

  /** Index behind the last event before a position. */
  indexBefore({ commit, index }: Position): number {
    return commit === 0 ? 0 : Math.min(this.startOf(commit) + index, this.startOf(commit + 1))
  }

  /** The event at a position. */
  at({ commit, index }: Position): StoredEvent | undefined {
    const at = this.startOf(commit) + index
    return commit > 0 && at < this.startOf(commit + 1) ? this.events[at] : undefined
  }
}

/** The result of an append whose last event this is. */
export function receiptOf({ streamId, version, position, commitId }: StoredEvent): AppendReceipt {
  return { streamId, version, position, commitId, replayed: false }
}
