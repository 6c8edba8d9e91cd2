import { deliveryId } from '@millrace/contracts'
import type { AttemptResult, NewDelivery, Settlement } from '@millrace/contracts'

import type { ActionSlots } from '../action/action-slots.ts'
import { nextTurn } from '../clock/next-turn.ts'
import { Pulse } from '../clock/pulse.ts'
import type { Tenure } from '../partition/tenure.ts'
import type { Processor } from '../processor/define-processor.ts'
import type { WantedDelivery } from '../processor/handler-context.ts'
import type { DeliveryChange } from '../runtime/facts.ts'
import type { RuntimeScope } from '../runtime/runtime-scope.ts'
import { ActionLane } from './action-lane.ts'
import { makeAttempt } from './attempt.ts'
import type { AttemptEnd } from './attempt.ts'
import { attemptFact, deliveryFact } from './delivery-facts.ts'
import { DueTimer } from './due-timer.ts'
import { freshJob, jobOf } from './job.ts'
import type { Job } from './job.ts'
import { attemptRecord, verdictOf } from './verdict.ts'

/** What a ledger belongs to. */
export interface LedgerOwner {
  readonly scope: RuntimeScope
  readonly processor: Processor
  readonly tenure: Tenure
  readonly slots: ReadonlyMap<string, ActionSlots>
}

interface Finished {
  readonly job: Job
  readonly result: AttemptResult
}

const maxPerSettle = 500

function settlementOf(finished: readonly Finished[], starting: readonly Job[]): Settlement {
  return { finished: finished.map(({ result }) => result), starting: starting.map(({ id }) => id) }
}

/**
 * Runs the deliveries of one partition under one lease. One loop asks the ledger for what is due, records ends and
 * starts together (as many as gathered while the previous record was written), then lets the started ones go. Nothing
 * here waits for an action, so a slow one holds up nothing but its own slots. Memory holds at most one page of due
 * deliveries an action, the attempts under way and their results not recorded yet.
 */
export class PartitionLedger {
  readonly #owner: LedgerOwner
  readonly #lanes: ReadonlyMap<string, ActionLane>
  readonly #pulse = new Pulse()
  readonly #timer: DueTimer
  /** Ids this process has in hand: due, starting, under way, or ended and not recorded yet. */
  readonly #inHand = new Set<string>()
  #underWay = 0
  readonly #finished: Finished[] = []
  #closing = false

  constructor(owner: LedgerOwner) {
    this.#owner = owner
    this.#timer = new DueTimer(owner.scope.clock)
    this.#lanes = new Map(
      owner.processor.actions.map((action) => {
        const slots = owner.slots.get(action.name)
        if (slots === undefined) throw new Error(`action ${action.name} has no slots`)
        return [action.name, new ActionLane(action, slots)] as const
      }),
    )
  }

  /** Attempts under way. */
  get inFlight(): number {
    return this.#underWay
  }

  /** The rows of the deliveries a batch asked for; those that fit free slots start as soon as they are durable. */
  open(wanted: readonly WantedDelivery[]): readonly NewDelivery[] {
    const { processor, tenure } = this.#owner
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
        maxAttempts: lane.action.retry.maxAttempts,
        startsNow: isFirst && !this.#inHand.has(id) && tenure.mayStart() && lane.takeFresh(),
      }
    })
  }

  /** Lets the started ones of {@link PartitionLedger.open} go; the others are found in the ledger. */
  begin(opened: readonly NewDelivery[], wanted: readonly WantedDelivery[], started: readonly string[]): void {
    const mine = new Set(started)
    const now = this.#owner.scope.clock.now()
    opened.forEach((delivery, index) => {
      const found = wanted[index]
      this.#tell(delivery, { change: 'opened' })
      if (!delivery.startsNow) this.#lane(delivery.action).expectMore()
      else if (found !== undefined && mine.has(delivery.id)) this.#launch(freshJob(delivery, found, now))
      else {
        this.#lane(delivery.action).giveBack()
        // One of its key came first, and may have ended since.
        this.#lane(delivery.action).expectMore()
      }
    })
    this.#pulse.notify()
  }

  /** Gives the slots of {@link PartitionLedger.open} back: the batch was not recorded. */
  forget(opened: readonly NewDelivery[]): void {
    for (const { action, startsNow } of opened) if (startsNow) this.#lane(action).giveBack()
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
    const stops = [...slots.values()].map((pool) => pool.onFree(() => this.#pulse.notify()))
    try {
      while (!tenure.over.aborted) {
        await nextTurn()
        if (await this.#step()) continue
        if (this.#closing && this.#underWay === 0 && this.#finished.length === 0) return
        await this.#pulse.wait({ timeoutMs: this.#timer.remainingMs(), signal: tenure.over })
        if (this.#timer.hasPassed()) this.expectMore()
      }
    } finally {
      for (const stop of stops) stop()
    }
  }

  /** Records what ended and what starts; false where there was neither. */
  async #step(): Promise<boolean> {
    const { tenure, scope } = this.#owner
    if (tenure.mayStart()) await this.#refill()
    const starting = tenure.mayStart() ? this.#takeReady() : []
    const finished = this.#finished.slice(0, maxPerSettle)
    if (starting.length === 0 && finished.length === 0) return false
    try {
      await tenure.persist(() => scope.store.settle(tenure.lease, settlementOf(finished, starting)))
    } catch (error) {
      for (const { action } of starting) this.#lane(action).giveBack()
      throw error
    }
    this.#finished.splice(0, finished.length)
    for (const each of finished) this.#conclude(each)
    for (const job of starting) this.#launch(job)
    return true
  }

  async #refill(): Promise<void> {
    const { tenure, scope } = this.#owner
    const asking = [...this.#lanes.values()].filter((lane) => lane.wantsMore)
    if (asking.length === 0) return
    const actions = asking.map(({ action }) => action.name)
    for (const lane of asking) lane.asking()
    const due = await tenure.persist(() => scope.store.due(tenure.lease, { limit: maxPerSettle, actions }))
    for (const lane of asking) {
      const mine = due.deliveries.filter(
        ({ action, id }) => action === lane.action.name && !this.#inHand.has(id),
      )
      for (const { id } of mine) this.#inHand.add(id)
      lane.fill(mine.map(jobOf))
      if (due.deliveries.length === maxPerSettle) lane.expectMore()
    }
    if (this.#inHand.size === 0 && due.nextInMs === undefined)
      for (const lane of asking) lane.nothingFollows()
    this.#timer.setAtMost(due.nextInMs)
  }

  #takeReady(): Job[] {
    const taken: Job[] = []
    for (const lane of this.#lanes.values()) taken.push(...lane.take(maxPerSettle - taken.length))
    return taken
  }

  #conclude({ job, result }: Finished): void {
    const { verdict } = result
    this.#inHand.delete(job.id)
    if (verdict.kind === 'retry' || verdict.kind === 'defer') this.#timer.setAtMost(verdict.delayMs)
    else this.#lane(job.action).ended()
    this.#owner.scope.facts.tell(attemptFact(this.#owner.tenure.lease, job, result))
  }

  #launch(job: Job): void {
    this.#inHand.add(job.id)
    this.#underWay++
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
      this.#finish(job, end, { startedAt, durationMs: scope.clock.monotonic() - from })
    } catch (error) {
      // Only the end of the tenure gets here; the next owner records the attempt as unknown.
      if (!tenure.over.aborted) tenure.end(`attempt of ${job.id} broke: ${scope.errorText(error)}`)
    } finally {
      this.#underWay--
      this.#lane(job.action).giveBack()
      this.#pulse.notify()
    }
  }

  #finish(job: Job, end: AttemptEnd, times: { startedAt: number; durationMs: number }): void {
    const { scope } = this.#owner
    const { action } = this.#lane(job.action)
    const attempt = attemptRecord(job, end, times)
    const verdict = verdictOf(action, job, end, { now: scope.clock.now(), random: scope.random })
    this.#finished.push({ job, result: { deliveryId: job.id, attempt, verdict } })
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
