import type { ActionSlots } from '../action/action-slots.ts'
import type { Action } from '../action/define-action.ts'
import type { Clock } from '../clock/clock.ts'
import type { Job } from './job.ts'
import { Pace } from './pace.ts'

/** A delivery that is started in the ledger and waits for a slot. */
interface Claim {
  readonly job: Job
  readonly at: number
}

/** As many more are started in the ledger than have a slot as the lane is expected to end within this time. */
const aheadMs = 100
const maxAhead = 1_000
const soonMs = 500
/** A claim whose turn does not come within this time is given back. */
export const claimMs = 1_000

/**
 * One action's deliveries in one partition: those known to be due, at most one page of the ledger, oldest first, and those
 * claimed ahead. The rest waits in the database.
 *
 * A start is recorded before the attempt begins, and the record takes a commit. Where attempts are shorter than that, more
 * are started than there are slots, so that the next begins as soon as one ends. What a crash then leaves `unknown` is
 * bounded by what the action does in `aheadMs`; where an unknown outcome is a dead letter, nothing is claimed ahead.
 */
export class ActionLane {
  readonly action: Action
  readonly #slots: ActionSlots
  readonly #clock: Clock
  readonly #pace: Pace
  readonly #ready: Job[] = []
  readonly #claims: Claim[] = []
  /** So many are claimed ahead at most: one after claims whose turn did not come, one more with each attempt that ends. */
  #mostAhead = maxAhead
  /** Claims that are being recorded. */
  #promised = 0
  /** True while the ledger may hold due deliveries that are not in `#ready`. */
  #backlog = true
  /** True while ordered deliveries may wait for others of their key; the first owner of a partition cannot know. */
  #followers = true
  /** Opened without a start and not returned by the ledger since, as far as this process knows. */
  #waiting = 0
  /** In hand, and opened since something last had to wait: nothing can be waiting for one of these. */
  readonly #unfollowed = new Set<string>()
  #inHand = 0

  constructor(action: Action, slots: ActionSlots, clock: Clock) {
    this.action = action
    this.#slots = slots
    this.#clock = clock
    this.#pace = new Pace(clock)
  }

  /** Of one key, one at a time. */
  get isOrdered(): boolean {
    return this.action.order === 'key'
  }

  get hasClaims(): boolean {
    return this.#claims.length > 0
  }

  /** Whether a delivery not opened yet may start at once; not where older ones wait, so that none is overtaken for ever. */
  takeFresh(): 'slot' | 'claim' | undefined {
    if (this.#backlog || this.#ready.length > 0) return undefined
    if (this.#claims.length === 0 && this.#slots.take()) return 'slot'
    if (this.#room() <= 0) return undefined
    this.#promised++
    return 'claim'
  }

  /** True when the ledger should be asked for more. */
  get wantsMore(): boolean {
    return this.#backlog && this.#ready.length === 0 && (this.#slots.free > 0 || this.#room() > 0)
  }

  /**
   * True where so many more would have to wait in the ledger now, but not in a moment, at the pace at which attempts end: to
   * start them then costs a good part of what it costs to write them as waiting, look for them and start them.
   */
  clearsSoon(count: number): boolean {
    if (!this.#backlog && this.#ready.length === 0 && this.#slots.free + this.#room() >= count) return false
    const before = this.#waiting + this.#ready.length + this.#claims.length + this.#promised
    return before > 0 && before <= this.#pace.expected(soonMs)
  }

  /** A delivery was opened that does not start at once. */
  waits(): void {
    this.#waiting++
    this.expectMore()
  }

  /** The ledger may hold more that is due. */
  expectMore(): void {
    this.#backlog = true
    this.#followers = true
    this.#unfollowed.clear()
  }

  /** A delivery opened a moment ago is in hand. */
  begun(id: string): void {
    this.#inHand++
    this.#unfollowed.add(id)
  }

  /** A delivery is not in hand any more. Once it ended, one of its key that has waited for that is due. */
  left(id: string, hasEnded: boolean): void {
    this.#inHand--
    this.#unfollowed.delete(id)
    if (hasEnded && this.isOrdered && this.#followers) this.#backlog = true
  }

  /** The ledger holds none that is due or will be: ends of deliveries need no look until there is more to expect. */
  nothingWaits(): void {
    if (!this.#backlog) this.#waiting = 0
    // Unless more was opened since it was asked, or something may wait for one in hand.
    if (!this.#backlog && this.#inHand === this.#unfollowed.size) this.#followers = false
  }

  /** The ledger is about to be asked; what becomes due from here on is told by {@link ActionLane.expectMore}. */
  asking(): void {
    this.#backlog = false
  }

  /** What the ledger returned. */
  fill(jobs: readonly Job[]): void {
    this.#inHand += jobs.length
    this.#waiting = Math.max(0, this.#waiting - jobs.length)
    this.#ready.push(...jobs)
  }

  /** Takes up to `limit` due deliveries, each with a slot. */
  take(limit: number): Job[] {
    let count = 0
    const most = this.#claims.length > 0 ? 0 : Math.min(limit, this.#ready.length)
    while (count < most && this.#slots.take()) count++
    return this.#ready.splice(0, count)
  }

  /** Takes up to `limit` due deliveries to be claimed. */
  takeAhead(limit: number): Job[] {
    const jobs = this.#ready.splice(0, Math.min(limit, Math.max(0, this.#room())))
    this.#promised += jobs.length
    return jobs
  }

  /** A claim is recorded. */
  claimed(job: Job): void {
    this.#promised--
    this.#claims.push({ job, at: this.#clock.monotonic() })
  }

  /** A claim was not recorded. */
  unclaimed(): void {
    this.#promised--
  }

  /** The oldest claim, with a slot; undefined where there is none of one or of the other. */
  nextClaim(): Job | undefined {
    return this.#claims.length > 0 && this.#slots.take() ? this.#claims.shift()?.job : undefined
  }

  /** Takes out the claims that nobody gets to. @param all also those whose turn may still come */
  giveUpClaims(all: boolean): readonly Job[] {
    const before = all ? Number.POSITIVE_INFINITY : this.#clock.monotonic() - claimMs
    const first = this.#claims.findIndex(({ at }) => at > before)
    const given = this.#claims.splice(0, first < 0 ? this.#claims.length : first)
    // The pace knows nothing of a circuit or a limit: else as many would be started and given back every second.
    if (given.length > 0) this.#mostAhead = 1
    return given.map(({ job }) => job)
  }

  /** An attempt begins; a slot was taken for it. */
  begins(): void {
    this.#pace.began()
  }

  /** An attempt ended, and needs its slot no more. */
  ends(): void {
    this.#pace.ended()
    this.#mostAhead = Math.min(maxAhead, this.#mostAhead + 1)
    this.returnSlot()
  }

  /** A slot was taken for nothing. */
  returnSlot(): void {
    this.#slots.giveBack()
  }

  #room(): number {
    if (this.action.afterUnknown === 'dead-letter') return 0
    const ahead = Math.min(this.#mostAhead, this.#pace.expected(aheadMs))
    return ahead - this.#claims.length - this.#promised
  }
}
