import { ConfigurationError, bucketCount } from '@millrace/contracts'
import type { Envelope, LogFilter } from '@millrace/contracts'

import { checkName, checkWhole } from '../action/define-action.ts'
import type { Action } from '../action/define-action.ts'
import { createRetrySchedule } from '../retry/retry-policy.ts'
import type { RetryPolicy, RetrySchedule } from '../retry/retry-policy.ts'
import type { HandlerContext } from './handler-context.ts'

/** Settings of {@link defineProcessor}. */
export interface ProcessorDefinition<Actions extends readonly Action[] = readonly Action[]> {
  /** `[a-z][a-z0-9_-]*`, at most 63 characters. Its checkpoint and deliveries are found again by it: keep it. */
  readonly name: string
  /** Where it begins the first time it is ever registered; `'now'` is resolved then, once. */
  readonly startFrom: 'beginning' | 'now'
  /** 1 to 64; fixed from the first registration on. Order is kept per stream. @defaultValue 1: order of the whole log */
  readonly partitions?: number
  /** Only these events, by the types as which they are read: an upcaster may have made them of others. @defaultValue all */
  readonly filter?: LogFilter
  /**
   * Handles some whole commits, in the order of the log, of the streams of its partition. Runs outside of any
   * transaction and at least once: a repeat finds the context empty again, so only effects outside of the context can
   * be seen twice. After a failure the batch is run again commit by commit, and a failing commit event by event.
   */
  readonly handle: (
    batch: readonly Envelope[],
    context: HandlerContext<Actions[number]['name']>,
  ) => void | Promise<void>
  /** What {@link HandlerContext.deliver} may name. @defaultValue none */
  readonly actions?: Actions
  /** How often and when the handler is tried on an event that fails alone, before it is parked. */
  readonly retry?: RetryPolicy
  /**
   * What becomes of the later events of a stream one of whose events was parked: `release` handles them as if nothing had
   * happened; `hold` parks them behind it, untried, and handles them in their order once it was retried with success or
   * removed. Needs a store with effects: without, a failing event holds its whole partition. @defaultValue `'release'`
   */
  readonly onParked?: 'release' | 'hold'
  /**
   * True for a handler that changes nothing but through its context, not even what it is given. Its events are decoded once
   * for all such processors, and a batch for which it asks nothing has no checkpoint of its own: its place is saved within a
   * second, and such batches may be handled again. @defaultValue false
   */
  readonly pure?: boolean
  /** Milliseconds one call of the handler may take; a failure after that. 1 to 3_600_000. @defaultValue 60_000 */
  readonly timeoutMs?: number
}

/** A validated processor. */
export interface Processor {
  readonly name: string
  readonly startFrom: 'beginning' | 'now'
  readonly partitions: number
  readonly filter: LogFilter | undefined
  readonly handle: (batch: readonly Envelope[], context: HandlerContext) => void | Promise<void>
  readonly actions: readonly Action[]
  readonly retry: RetrySchedule
  readonly onParked: 'release' | 'hold'
  readonly pure: boolean
  readonly timeoutMs: number
}

function checkActions(setting: string, actions: readonly Action[]): void {
  const names = actions.map(({ name }) => name)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined)
    throw new ConfigurationError(`${setting}.actions`, `action ${twice} is listed twice`)
}

/** Defines something that reads the log in the background. @throws {@link ConfigurationError} naming the field */
export function defineProcessor<const Actions extends readonly Action[] = readonly []>(
  definition: ProcessorDefinition<Actions>,
): Processor {
  const { name, startFrom, partitions = 1, filter, onParked = 'release', timeoutMs = 60_000 } = definition
  const { pure = false } = definition
  checkName('processor name', name)
  const setting = `processor ${name}`
  if (startFrom !== 'beginning' && startFrom !== 'now')
    throw new ConfigurationError(`${setting}.startFrom`, "must be 'beginning' or 'now'")
  if (onParked !== 'release' && onParked !== 'hold')
    throw new ConfigurationError(`${setting}.onParked`, "must be 'release' or 'hold'")
  checkWhole(`${setting}.partitions`, partitions, [1, bucketCount])
  checkWhole(`${setting}.timeoutMs`, timeoutMs, [1, 3_600_000])
  const actions = definition.actions ?? []
  checkActions(setting, actions)
  const retry = createRetrySchedule(definition.retry ?? {}, `${setting}.retry`)
  const { handle } = definition
  return Object.freeze({
    name,
    startFrom,
    partitions,
    filter,
    handle,
    actions,
    retry,
    onParked,
    pure,
    timeoutMs,
  })
}
