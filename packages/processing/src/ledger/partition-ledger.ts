import { deliveryId } from '@millrace/contracts'
import type { AttemptResult, Delivery, NewDelivery, Settlement } from '@millrace/contracts'

import type { ActionSlots } from '../action/action-slots.ts'
import { nextTurn } from '../clock/next-turn.ts'
import { Pulse } from '../clock/pulse.ts'
import { until } from '../clock/until.ts'
import type { EndedAttempt } from '../metrics/runtime-meters.ts'
import type { Tenure } from '../partition/tenure.ts'
import type { Processor } from '../processor/define-processor.ts'
import type { WantedDelivery } from '../processor/handler-context.ts'
import type { DeliveryChange } from '../runtime/facts.ts'
import type { RuntimeScope } from '../runtime/runtime-scope.ts'
import { ActionLane, claimMs } from './action-lane.ts'
import { makeAttempt, refusedEnd } from './attempt.ts'
import type { AttemptEnd } from './attempt.ts'
import { attemptFact, deliveryFact } from './delivery-facts.ts'
import { DueTimer } from './due-timer.ts'
import { findRecords } from './find-record.ts'
import { freshJob, jobOf } from './job.ts'
import type { Job } from './job.ts'
import { RecentRecords } from './recent-records.ts'
import { attemptRecord, verdictOf } from './verdict.ts'
import type { AttemptTimes } from './verdict.ts'

/** What a ledger belongs to. */
export interface LedgerOwner {
  readonly scope: RuntimeScope
  readonly processor: Processor
  readonly tenure: Tenure
  readonly slots: ReadonlyMap<string, ActionSlots>
}

interface Finished {
  readonly job: Job
  readonly end: AttemptEnd
  readonly times: AttemptTimes
  readonly result: AttemptResult
}

/** What starts with the next record: at once, or when a slot is free. */
interface Starting {
  readonly now: readonly Job[]
  readonly ahead: readonly Job[]
}

const maxPerSettle = 500
/** Where so many results wait to be recorded, what is opened waits in the ledger: attempts may end faster than that. */
const maxUnrecorded = 2_000
const longestClearMs = 200
const noStarts: Starting = { now: [], ahead: [] }

function settlementOf(finished: readonly Finished[], { now, ahead }: Starting): Settlement {
  return {
    finished: finished.map(({ result }) => result),
    starting: [...now, ...ahead].map(({ id }) => id),
  }
}

/**
 * Runs the deliveries of one partition under one lease. One loop asks the ledger for what is due, records ends and
 * starts together (as many as gathered while the previous record was written), then lets the started ones go. Nothing
 * here waits for an action, so a slow one holds up nothing but its own slots. Memory holds at most one page of due
 * deliveries an action and one of claims, the attempts under way and their results not recorded yet, and a few records.
 */
export class PartitionLedger {
  readonly #owner: LedgerOwner
  readonly #lanes: ReadonlyMap<string, ActionLane>
  readonly #pulse = new Pulse()
  /** Told of each end of an attempt, and of what the ledger returned. */
  readonly #ended = new Pulse()
  readonly #timer: DueTimer
  /** Ids this process has in hand: due, starting, under way, or ended and not recorded yet. */
  readonly #inHand = new Set<string>()
  /** What the deliveries that are being opened were given to start with. */
  readonly #reserved = new Map<string, 'slot' | 'claim'>()
  readonly #recent: RecentRecords
  #underWay = 0
  #turn = 0
  readonly #finished: Finished[] = []
  #closing = false

  constructor(owner: LedgerOwner) {
    this.#owner = owner
    const { clock } = owner.scope
    this.#timer = new DueTimer(clock)
    this.#recent = new RecentRecords(clock)
    this.#lanes = new Map(
      owner.processor.actions.map((action) => {
        const slots = owner.slots.get(action.name)
        if (slots === undefined) throw new Error(`action ${action.name} has no slots`)
        return [action.name, new ActionLane(action, slots, clock)] as const
      }),
    )
  }

  /** Attempts under way. */
  get inFlight(): number {
    return this.#underWay
  }

  /**
   * Waits a moment for actions that are nearly through with what they have, and for no other: those that are opened then can
   * start at once.
   */
  async clear(wanted: readonly WantedDelivery[]): Promise<void> {
    if (wanted.length === 0) return
    const { clock } = this.#owner.scope
    const { winding } = this.#owner.tenure
    const counts = [...Map.groupBy(wanted, ({ action }) => action)]
    const deadline = clock.monotonic() + longestClearMs
    const isBusy = (): boolean => counts.some(([action, { length }]) => this.#lane(action).clearsSoon(length))
    while (isBusy() && !winding.aborted && clock.monotonic() < deadline)
      await this.#ended.wait({ timeoutMs: deadline - clock.monotonic(), signal: winding })
  }

  /** The rows of the deliveries a batch asked for; those that fit free slots start as soon as they are durable. */
  open(wanted: readonly WantedDelivery[]): readonly NewDelivery[] {
    const { processor, tenure } = this.#owner
    const mayStart = tenure.mayStart() && this.#finished.length < maxUnrecorded
    const keys = new Set<string>()
    return wanted.map(({ action, envelope }) => {
      const lane = this.#lane(action)
      const id = deliveryId(envelope.id, processor.name, action)
      const isFirst = !lane.isOrdered || !keys.has(`${action}:${envelope.streamId}`)
      keys.add(`${action}:${envelope.streamId}`)
      return {
        id,
        action,
        recordId: envelope.id,
        position: envelope.position,
        key: envelope.streamId,
        ordered: lane.isOrdered,
        holds: lane.action.onFailure === 'hold',
        maxAttempts: lane.action.retry.maxAttempts,
        startsNow: isFirst && !this.#inHand.has(id) && mayStart && this.#reserve(id, lane),
      }
    })
  }

  /** Lets the started ones of {@link PartitionLedger.open} go; the others are found in the ledger. */
  begin(opened: readonly NewDelivery[], wanted: readonly WantedDelivery[], started: readonly string[]): void {
    const mine = new Set(started)
    const { clock } = this.#owner.scope
    const [now, readAt] = [clock.now(), clock.monotonic()]
    opened.forEach((delivery, index) => {
      const { id } = delivery
      const found = wanted[index]
      const lane = this.#lane(delivery.action)
      this.#tell(delivery, { change: 'opened' })
      if (found !== undefined && this.#reserved.has(id) && mine.has(id)) {
        lane.begun(id)
        this.#go(lane, freshJob(delivery, { found, readAt }, now))
        return
      }
      // No slot for it, or one of its key came first, and may have ended since.
      this.#release(id, lane)
      if (found !== undefined) this.#recent.add(id, found)
      lane.waits()
    })
    this.#pulse.notify()
  }

  /** Gives back what {@link PartitionLedger.open} took: the batch was not recorded. */
  forget(opened: readonly NewDelivery[]): void {
    for (const { id, action } of opened) this.#release(id, this.#lane(action))
  }

  /** The ledger may hold deliveries that became due. */
  expectMore(): void {
    for (const lane of this.#lanes.values()) lane.expectMore()
    this.#pulse.notify()
  }

  /** Goes on if something was waited for: a slot, the lease. */
  poke(): void {
    this.#pulse.notify()
  }

  /** No more batches will come: the loop ends with its last attempt. */
  close(): void {
    this.#closing = true
    this.#pulse.notify()
  }

  /**
   * Runs until closed and drained, or until the tenure is over; results not recorded by then are left for the next
   * owner to find unknown.
   */
  async run(): Promise<void> {
    const { tenure, slots } = this.#owner
    const stops = [...slots].map(([action, pool]) =>
      pool.onFree(() => {
        this.#beginClaims(this.#lane(action))
        this.#pulse.notify()
      }),
    )
    try {
      while (!tenure.over.aborted) {
        await nextTurn()
        if (await this.#step()) continue
        if (this.#closing && this.#underWay === 0 && this.#finished.length === 0) return
        await this.#pulse.wait({ timeoutMs: this.#waitMs(), signal: tenure.over })
        if (this.#timer.hasPassed()) this.expectMore()
      }
    } finally {
      for (const stop of stops) stop()
    }
  }

  /** Records what ended and what starts; false where there was neither. */
  async #step(): Promise<boolean> {
    const { tenure, scope } = this.#owner
    this.#giveUpClaims()
    if (tenure.mayStart()) await this.#refill()
    const finished = this.#nextFinished()
    const [writing] = finished[0]?.result.writes === undefined ? [] : finished
    const starting = tenure.mayStart() && writing === undefined ? this.#takeReady() : noStarts
    if (starting.now.length + starting.ahead.length + finished.length === 0) return false
    try {
      await tenure.persist(() => scope.store.settle(tenure.lease, settlementOf(finished, starting)))
    } catch (error) {
      for (const { action } of starting.now) this.#lane(action).returnSlot()
      for (const { action } of starting.ahead) this.#lane(action).unclaimed()
      if (writing === undefined || tenure.over.aborted) throw error
      this.#refuse(writing, error)
      return true
    }
    this.#finished.splice(0, finished.length)
    scope.meters.ended(
      tenure.lease,
      finished.filter(({ end }) => end.kind !== 'not-tried').map((each) => this.#measured(each)),
    )
    for (const each of finished) this.#conclude(each)
    for (const job of starting.now) this.#launch(job)
    for (const job of starting.ahead) this.#claim(this.#lane(job.action), job)
    return true
  }

  #measured({ job, times, result }: Finished): EndedAttempt {
    return { type: this.#lane(job.action).action.kind, durationMs: times.durationMs, result }
  }

  /** One with writes of its own is recorded alone: if they are refused, nobody else's end is. */
  #nextFinished(): readonly Finished[] {
    const writing = this.#finished.findIndex(({ result }) => result.writes !== undefined)
    if (writing === 0) return this.#finished.slice(0, 1)
    return this.#finished.slice(0, writing < 0 ? maxPerSettle : Math.min(writing, maxPerSettle))
  }

  /** The first of the finished has failed after all. */
  #refuse({ job, end, times }: Finished, error: unknown): void {
    if (end.kind !== 'delivered') throw error
    this.#finished[0] = this.#result(job, refusedEnd(end, error, this.#owner.scope), times)
  }

  async #refill(): Promise<void> {
    const { tenure, scope } = this.#owner
    const asking = [...this.#lanes.values()].filter((lane) => lane.wantsMore)
    if (asking.length === 0) return
    const actions = asking.map(({ action }) => action.name)
    for (const lane of asking) lane.asking()
    const due = await tenure.persist(() => scope.store.due(tenure.lease, { limit: maxPerSettle, actions }))
    const jobs = await this.#jobsOf(due.deliveries.filter(({ id }) => !this.#inHand.has(id)))
    for (const { id } of jobs) this.#inHand.add(id)
    for (const lane of asking) {
      lane.fill(jobs.filter(({ action }) => action === lane.action.name))
      if (due.deliveries.length === maxPerSettle) lane.expectMore()
      else if (due.deliveries.length === 0 && due.nextInMs === undefined) lane.nothingWaits()
    }
    this.#timer.setAtMost(due.nextInMs)
    this.#ended.notify()
  }

  /** With their records where those are at hand, or lie together. */
  async #jobsOf(due: readonly Delivery[]): Promise<readonly Job[]> {
    const { scope, tenure } = this.#owner
    const known = due.map((delivery) => jobOf(delivery, this.#recent.take(delivery.id)))
    this.#recent.forgetOld()
    const missing = known.filter(({ recent }) => recent === undefined)
    const readAt = scope.clock.monotonic()
    const read = await until(findRecords(scope, missing), tenure.over)
    return known.map((job) => {
      const found = job.recent === undefined ? read.get(job.recordId) : undefined
      return found === undefined ? job : { ...job, recent: { found, readAt } }
    })
  }

  #takeReady(): Starting {
    const inTurn = [...this.#lanes.values()]
    // Another one first each time: actions may share the places of one destination.
    const first = this.#turn++ % Math.max(1, inTurn.length)
    const lanes = [...inTurn.slice(first), ...inTurn.slice(0, first)]
    const now: Job[] = []
    for (const lane of lanes) now.push(...lane.take(maxPerSettle - now.length))
    const ahead: Job[] = []
    for (const lane of lanes) ahead.push(...lane.takeAhead(maxPerSettle - now.length - ahead.length))
    return { now, ahead }
  }

  #reserve(id: string, lane: ActionLane): boolean {
    const reserved = lane.takeFresh()
    if (reserved !== undefined) this.#reserved.set(id, reserved)
    return reserved !== undefined
  }

  #release(id: string, lane: ActionLane): void {
    const reserved = this.#reserved.get(id)
    this.#reserved.delete(id)
    if (reserved === 'slot') lane.returnSlot()
    else if (reserved === 'claim') lane.unclaimed()
  }

  /** A fresh delivery whose start is recorded. */
  #go(lane: ActionLane, job: Job): void {
    const reserved = this.#reserved.get(job.id)
    this.#reserved.delete(job.id)
    if (reserved === 'slot') this.#launch(job)
    else this.#claim(lane, job)
  }

  #claim(lane: ActionLane, job: Job): void {
    this.#inHand.add(job.id)
    lane.claimed(job)
    this.#beginClaims(lane)
  }

  #beginClaims(lane: ActionLane): void {
    while (lane.hasClaims && this.#owner.tenure.mayStart()) {
      const job = lane.nextClaim()
      if (job === undefined) return
      this.#launch(job)
    }
  }

  /** Claims whose turn does not come, because of a limit or of the end of the tenure, wait in the ledger as others do. */
  #giveUpClaims(): void {
    const { tenure, scope } = this.#owner
    const end: AttemptEnd = { kind: 'not-tried', error: 'its turn did not come', delayMs: 0 }
    for (const lane of this.#lanes.values())
      for (const job of lane.giveUpClaims(!tenure.mayStart()))
        this.#finished.push(this.#result(job, end, { startedAt: scope.clock.now(), durationMs: 0 }))
  }

  #waitMs(): number | undefined {
    const remaining = this.#timer.remainingMs()
    const hasClaims = [...this.#lanes.values()].some((lane) => lane.hasClaims)
    return hasClaims ? Math.min(claimMs, remaining ?? claimMs) : remaining
  }

  #conclude({ job, result }: Finished): void {
    const { verdict } = result
    this.#inHand.delete(job.id)
    const waits = verdict.kind === 'retry' || verdict.kind === 'defer'
    if (waits) this.#timer.setAtMost(verdict.delayMs)
    this.#lane(job.action).left(job.id, !waits)
    this.#owner.scope.facts.tell(attemptFact(this.#owner.tenure.lease, job, result))
  }

  #launch(job: Job): void {
    this.#inHand.add(job.id)
    this.#underWay++
    this.#lane(job.action).begins()
    this.#tell(job, { change: 'started', attempt: job.attempt })
    void this.#attempt(job)
  }

  /** Never rejects: whatever an attempt does becomes its result, unless the tenure is over. */
  async #attempt(job: Job): Promise<void> {
    const { scope, tenure } = this.#owner
    const { action } = this.#lane(job.action)
    const startedAt = scope.clock.now()
    const from = scope.clock.monotonic()
    try {
      const end = await makeAttempt(scope, action, job, tenure.over)
      const times = { startedAt, durationMs: scope.clock.monotonic() - from }
      this.#finished.push(this.#result(job, end, times))
    } catch (error) {
      // Only the end of the tenure gets here; the next owner records the attempt as unknown.
      if (!tenure.over.aborted) tenure.end(`attempt of ${job.id} broke: ${scope.errorText(error)}`)
    } finally {
      this.#underWay--
      this.#lane(job.action).ends()
      this.#pulse.notify()
      this.#ended.notify()
    }
  }

  #result(job: Job, end: AttemptEnd, times: AttemptTimes): Finished {
    const { scope } = this.#owner
    const { action } = this.#lane(job.action)
    const attempt = attemptRecord(job, end, times)
    const verdict = verdictOf(action, job, end, { now: scope.clock.now(), random: scope.random })
    const writes = end.kind === 'delivered' && end.writes.length > 0 ? { writes: end.writes } : {}
    return { job, end, times, result: { deliveryId: job.id, attempt, verdict, ...writes } }
  }

  #tell(
    subject: Pick<Job, 'id' | 'action' | 'recordId'>,
    change: { change: DeliveryChange; attempt?: number },
  ): void {
    const { scope, tenure } = this.#owner
    scope.facts.tell(deliveryFact(tenure.lease, subject, change))
  }

  #lane(action: string): ActionLane {
    const lane = this.#lanes.get(action)
    if (lane === undefined) throw new Error(`action ${action} has no lane`)
    return lane
  }
}
