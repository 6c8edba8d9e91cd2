import { setTimeout as delay } from 'node:timers/promises'

import { InvalidValueError } from '@millrace/contracts'
import type { DeadLetter, ParkedRecord, PartitionStatus, ProcessorStore } from '@millrace/contracts'

import { checkActor } from './arguments.ts'
import type { RetryOptions } from './management.ts'
import type { RetryView } from './views.ts'

/** What a retry needs: the ledger, and a way to rouse the processor where this process runs it. */
export interface RetryContext {
  readonly processors: ProcessorStore
  /** The partitions with those who own them now. */
  readonly partitions: () => Promise<readonly PartitionStatus[]>
  readonly wake: () => void
}

type Outcome = Omit<RetryView, 'id'>

const defaultWaitMs = 15_000
const maxWaitMs = 60_000
const pollMs = 50

function checkWait(waitMs: number = defaultWaitMs): number {
  if (!Number.isSafeInteger(waitMs) || waitMs < 0 || waitMs > maxWaitMs)
    throw new InvalidValueError('waitMs', `a whole number of milliseconds from 0 to ${maxWaitMs}`)
  return waitMs
}

/** Undefined while it is still to come. */
async function deliveryOutcome(store: ProcessorStore, id: string): Promise<Outcome | undefined> {
  const delivery = await store.getDelivery(id)
  if (delivery === undefined) return { outcome: 'failed', reason: 'it was removed meanwhile', attempts: 0 }
  const attempts = delivery.attempts.length
  if (delivery.state === 'delivered') return { outcome: 'delivered', reason: null, attempts }
  if (delivery.state !== 'dead' && delivery.state !== 'cancelled') return undefined
  const item = await store.deadLetters.get(id)
  return {
    outcome: 'failed',
    reason: item?.reason ?? delivery.attempts.at(-1)?.error ?? delivery.state,
    attempts,
  }
}

/** Undefined while it is still to come. */
async function parkedOutcome(store: ProcessorStore, before: ParkedRecord): Promise<Outcome | undefined> {
  const item = await store.deadLetters.get(before.id)
  if (item?.kind !== 'parked') return { outcome: 'delivered', reason: null, attempts: before.tries + 1 }
  return item.retryRequested ? undefined : { outcome: 'failed', reason: item.reason, attempts: item.tries }
}

/** Why nobody can try it at present; undefined when somebody can. */
async function obstacle(
  { partitions }: RetryContext,
  item: DeadLetter | ParkedRecord,
): Promise<string | undefined> {
  const statuses = await partitions()
  const status = statuses.find((one) => one.processor === item.processor && one.partition === item.partition)
  if (status?.paused === true) return `processor ${item.processor} is paused; it will be tried after a resume`
  if (status?.owner === undefined)
    return `no process runs processor ${item.processor}; it will be tried when one does`
  return undefined
}

/** Polls the ledger, because the process that runs the processor may be another one. */
async function outcomeOf(
  context: RetryContext,
  item: DeadLetter | ParkedRecord,
  deadline: number,
): Promise<Outcome> {
  const { processors: store } = context
  for (;;) {
    const outcome =
      item.kind === 'parked' ? await parkedOutcome(store, item) : await deliveryOutcome(store, item.id)
    if (outcome !== undefined) return outcome
    const late = performance.now() >= deadline ? 'it has not ended within the time given' : undefined
    const reason = (await obstacle(context, item)) ?? late
    if (reason !== undefined)
      return {
        outcome: 'waiting',
        reason,
        attempts: item.kind === 'parked' ? item.tries : item.attempts.length,
      }
    await delay(pollMs)
  }
}

/** Asks for one more try and waits for what becomes of it; undefined when there is no such dead letter. */
export async function retryDeadLetter(
  context: RetryContext,
  id: string,
  options: RetryOptions,
): Promise<RetryView | undefined> {
  const { processors, wake } = context
  const by = checkActor(options.by)
  const deadline = performance.now() + checkWait(options.waitMs)
  const item = await processors.deadLetters.get(id)
  if (item === undefined || !(await processors.deadLetters.retry(id, by))) return undefined
  wake()
  return { id, ...(await outcomeOf(context, item, deadline)) }
}
