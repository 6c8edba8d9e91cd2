import { isDeepStrictEqual } from 'node:util'

import type { Envelope } from '@millrace/contracts'
import { defineAction, defineProcessor } from '@millrace/processing'
import type { Action, HandlerContext, Processor } from '@millrace/processing'

import { LookupMeter } from '../lookup/lookup-meter.ts'
import { attemptAction } from './attempt.ts'
import type { AttemptSurroundings } from './attempt.ts'
import { matchEvent } from './match.ts'
import type { PreparedObserver } from './prepared-observer.ts'
import type { ObserverLog, ObserverReport } from './rule-report.ts'

/** What a processor cannot change while it runs. */
function shapeOf(observer: PreparedObserver): unknown {
  const { name, isChange, types, priority, startFrom, partitions, actions } = observer
  const each = actions.map(({ delivery, prepared }) => [
    { ...delivery, execute: undefined },
    prepared.destination,
  ])
  return [name, isChange, types, priority, startFrom, partitions, each]
}

/**
 * An observer as a processor. What it matches and sends may be replaced between two batches, by
 * {@link RunningObserver.become}.
 */
export class RunningObserver {
  readonly processor: Processor
  readonly #around: AttemptSurroundings
  readonly #meter = new LookupMeter()
  #current: PreparedObserver
  #seen = 0
  #matched = 0
  #failed = 0
  #lastError: string | undefined

  constructor(observer: PreparedObserver, around: AttemptSurroundings) {
    this.#current = this.#meter.measured(observer)
    this.#around = around
    const { name, startFrom, partitions, types } = observer
    this.processor = defineProcessor({
      name,
      startFrom,
      partitions,
      pure: true,
      ...(types === undefined ? {} : { filter: { types } }),
      actions: observer.actions.map((action) => this.#action(action.name)),
      handle: async (batch, context) => await this.#handle(batch, context),
    })
  }

  get current(): PreparedObserver {
    return this.#current
  }

  /** The log it reads. */
  get log(): ObserverLog {
    return this.#current.isChange ? 'changes' : 'events'
  }

  /** Takes another definition's place from the next batch on; false where its processor must be another. */
  become(observer: PreparedObserver): boolean {
    if (!isDeepStrictEqual(shapeOf(observer), shapeOf(this.#current))) return false
    this.#current = this.#meter.measured(observer)
    return true
  }

  status(): ObserverReport {
    const { name, enabled } = this.#current
    return {
      name,
      log: this.log,
      enabled,
      seen: this.#seen,
      matched: this.#matched,
      failed: this.#failed,
      lastError: this.#lastError,
      lookups: this.#meter.report(),
    }
  }

  #action(name: string): Action {
    const { destinations } = this.#around
    const found = this.#find(name)
    const { destination } = found.prepared
    return defineAction({
      ...found.delivery,
      gate:
        destination === undefined ? undefined : destinations.keep(destination).gate(this.#current.priority),
      execute: async (attempt) => await attemptAction(this.#current, this.#find(name), attempt, this.#around),
    })
  }

  #find(name: string): PreparedObserver['actions'][number] {
    const action = this.#current.actions.find((each) => each.name === name)
    if (action === undefined) throw new Error(`action ${name} is not of observer ${this.#current.name}`)
    return action
  }

  async #handle(batch: readonly Envelope[], context: HandlerContext): Promise<void> {
    const observer = this.#current
    for (const envelope of batch) {
      const judged = matchEvent(observer, envelope, context.signal)
      const { reason, error } = judged instanceof Promise ? await judged : judged
      if (reason === 'disabled' || reason === 'another tenant' || reason === 'another event type') continue
      this.#seen++
      if (reason === 'the condition failed') {
        this.#failed++
        this.#lastError = error
      }
      if (reason !== 'matched') continue
      this.#matched++
      for (const { name } of observer.actions) context.deliver(name, envelope)
    }
  }
}
