import type { ActionSlots } from '../action/action-slots.ts'
import type { Action } from '../action/define-action.ts'
import type { Job } from './job.ts'

/**
 * One action's deliveries in one partition: those known to be due, at most one page of the ledger, oldest first. The
 * rest waits in the database.
 */
export class ActionLane {
  readonly action: Action
  readonly #slots: ActionSlots
  readonly #ready: Job[] = []
  /** True while the ledger may hold due deliveries that are not in `#ready`. */
  #backlog = true
  /** True while ordered deliveries may wait for others of their key; the first owner of a partition cannot know. */
  #followers = true

  constructor(action: Action, slots: ActionSlots) {
    this.action = action
    this.#slots = slots
  }

  /** Of one key, one at a time. */
  get isOrdered(): boolean {
    return this.action.order === 'key'
  }

  /** Takes a slot for a delivery not opened yet; refused where older ones wait, so that none is overtaken for ever. */
  takeFresh(): boolean {
    return !this.#backlog && this.#ready.length === 0 && this.#slots.take()
  }

  /** True when the ledger should be asked for more. */
  get wantsMore(): boolean {
    return this.#backlog && this.#ready.length === 0 && this.#slots.free > 0
  }

  /** The ledger may hold more that is due. */
  expectMore(): void {
    this.#backlog = true
    this.#followers = true
  }

  /** A delivery ended; one of its key may have waited for that. */
  ended(): void {
    if (this.isOrdered && this.#followers) this.#backlog = true
  }

  /** The ledger holds none that waits for another: ends of deliveries need no look until there is more to expect. */
  nothingFollows(): void {
    // Unless more was opened since it was asked.
    if (!this.#backlog) this.#followers = false
  }

  /** The ledger is about to be asked; what becomes due from here on is told by {@link ActionLane.expectMore}. */
  asking(): void {
    this.#backlog = false
  }

  /** What the ledger returned. */
  fill(jobs: readonly Job[]): void {
    this.#ready.push(...jobs)
  }

  /** Takes up to `limit` due deliveries, each with a slot. */
  take(limit: number): Job[] {
    let count = 0
    while (count < Math.min(limit, this.#ready.length) && this.#slots.take()) count++
    return this.#ready.splice(0, count)
  }

  giveBack(): void {
    this.#slots.giveBack()
  }
}
