import { ConfigurationError } from '@millrace/contracts'
import type { Envelope, StateWrite } from '@millrace/contracts'

import { createRetrySchedule } from '../retry/retry-policy.ts'
import type { RetryPolicy, RetrySchedule } from '../retry/retry-policy.ts'
import type { ActionGate } from './action-gate.ts'

/** What one attempt gets. */
export interface ActionInput {
  /** The event, read and decoded for this attempt. */
  readonly envelope: Envelope
  /** The same for every attempt of one delivery; hand it to the destination. */
  readonly idempotencyKey: string
  /** From 1, growing over the delivery's whole life. */
  readonly attempt: number
  /** Aborts at the time-out and when the process must stop; an action passes it on to what it waits for. */
  readonly signal: AbortSignal
}

/** What a successful attempt may tell. */
export interface ActionReceipt {
  /** Kept with the attempt. */
  readonly statusCode?: number
  /**
   * SQL statements that run in the transaction of the ledger that records the delivery as delivered, with it or not at all. One
   * that is refused makes the attempt a failed one. They hold up what else the partition records: keep them short.
   */
  readonly writes?: readonly StateWrite[]
}

/** Settings of {@link defineAction}. */
export interface ActionDefinition<Name extends string = string> {
  /** `[a-z][a-z0-9_-]*`, at most 63 characters, unique in its processor. Part of every delivery's identity: keep it. */
  readonly name: Name
  /** What it does, for metrics: 1 to 63 characters. @defaultValue `'custom'` */
  readonly kind?: string
  /**
   * Makes one attempt. Resolves when the destination has it; an {@link ActionError} says what a failure means,
   * anything else thrown is transient.
   */
  readonly execute: (input: ActionInput) => Promise<ActionReceipt | void>
  /** Milliseconds an attempt may take; a transient failure after that. 1 to 3_600_000. @defaultValue 30_000 */
  readonly timeoutMs?: number
  readonly retry?: RetryPolicy
  /**
   * What follows an attempt whose outcome a crash hid: another attempt with the same idempotency key, or a dead letter
   * for a person to judge. @defaultValue `'retry'`
   */
  readonly afterUnknown?: 'retry' | 'dead-letter'
  /** Attempts under way at once in this process, over all partitions; 1 to 1000. @defaultValue 16 */
  readonly concurrency?: number
  /** Milliseconds a delivery to an unreachable destination is kept alive. @defaultValue 86_400_000 (a day) */
  readonly maxAgeMs?: number
  /**
   * `'key'`: of one stream, one delivery of this action at a time, in the order of the log; a later one waits until the
   * earlier has ended, delivered or dead. `'none'`: all that there is room for. @defaultValue `'none'`
   */
  readonly order?: 'key' | 'none'
  /**
   * What becomes of the deliveries behind one that died, where `order` is `'key'`: `release` lets them go on; `hold` keeps them
   * waiting until it was retried with success or removed. @defaultValue `'release'`
   */
  readonly onFailure?: 'release' | 'hold'
  /** Shared with other actions; an attempt begins only with a place of it. @defaultValue none */
  readonly gate?: ActionGate | undefined
}

/** A validated action. */
export interface Action<Name extends string = string> {
  readonly name: Name
  readonly kind: string
  readonly execute: (input: ActionInput) => Promise<ActionReceipt | void>
  readonly timeoutMs: number
  readonly retry: RetrySchedule
  readonly afterUnknown: 'retry' | 'dead-letter'
  readonly concurrency: number
  readonly maxAgeMs: number
  readonly order: 'key' | 'none'
  readonly onFailure: 'release' | 'hold'
  readonly gate: ActionGate | undefined
}

const namePattern = /^[a-z][a-z0-9_-]{0,62}$/

/** Checks the name of a processor or action. @throws {@link ConfigurationError} */
export function checkName(setting: string, name: string): void {
  if (!namePattern.test(name)) throw new ConfigurationError(setting, 'must match [a-z][a-z0-9_-]{0,62}')
}

/** Checks a whole number with bounds. @throws {@link ConfigurationError} */
export function checkWhole(
  setting: string,
  value: number,
  bounds: readonly [low: number, high: number],
): void {
  const [low, high] = bounds
  if (!Number.isInteger(value) || value < low || value > high)
    throw new ConfigurationError(setting, `must be a whole number from ${low} to ${high}`)
}

/** Defines one kind of effect. @throws {@link ConfigurationError} naming the field */
export function defineAction<const Name extends string>(definition: ActionDefinition<Name>): Action<Name> {
  const { name, execute, timeoutMs = 30_000, concurrency = 16, maxAgeMs = 86_400_000 } = definition
  const { kind = 'custom' } = definition
  checkName('action name', name)
  const setting = `action ${name}`
  if (kind === '' || kind.length > 63)
    throw new ConfigurationError(`${setting}.kind`, 'must be 1 to 63 characters')
  checkWhole(`${setting}.timeoutMs`, timeoutMs, [1, 3_600_000])
  checkWhole(`${setting}.concurrency`, concurrency, [1, 1000])
  checkWhole(`${setting}.maxAgeMs`, maxAgeMs, [0, 365 * 86_400_000])
  const afterUnknown = definition.afterUnknown ?? 'retry'
  if (afterUnknown !== 'retry' && afterUnknown !== 'dead-letter')
    throw new ConfigurationError(`${setting}.afterUnknown`, "must be 'retry' or 'dead-letter'")
  const retry = createRetrySchedule(definition.retry ?? {}, `${setting}.retry`)
  const { gate, order = 'none', onFailure = 'release' } = definition
  if (order !== 'key' && order !== 'none')
    throw new ConfigurationError(`${setting}.order`, "must be 'key' or 'none'")
  if (onFailure !== 'release' && onFailure !== 'hold')
    throw new ConfigurationError(`${setting}.onFailure`, "must be 'release' or 'hold'")
  if (onFailure === 'hold' && order === 'none')
    throw new ConfigurationError(`${setting}.onFailure`, "can be 'hold' only where order is 'key'")
  return Object.freeze({
    name,
    kind,
    execute,
    timeoutMs,
    retry,
    afterUnknown,
    concurrency,
    maxAgeMs,
    order,
    onFailure,
    gate,
  })
}
