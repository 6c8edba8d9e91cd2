import type { DeadLetter, Delivery, ProcessorStore } from '@millrace/contracts'
import { defineAction, defineProcessor } from '@millrace/processing'
import type { ActionDefinition, ActionInput, Processor, ProcessorDefinition } from '@millrace/processing'

import { fresh } from './database.ts'

/** What an attempt of a {@link courier} does. */
type Execute = ActionDefinition['execute']

/** One attempt an action saw. */
interface SeenAttempt {
  readonly action: string
  readonly key: string
  readonly attempt: number
  /** Monotonic milliseconds. */
  readonly at: number
}

/** A processor that delivers every event to all of its actions, and what its actions saw. */
export interface Courier {
  readonly processor: Processor
  readonly seen: readonly SeenAttempt[]
  readonly of: (action: string) => readonly SeenAttempt[]
}

/** An action by name: what it does, and what differs from the defaults. */
export type CourierActions = Readonly<
  Record<string, Partial<ActionDefinition> & { readonly execute: Execute }>
>

/** Retries almost at once, so that a test of the outcome need not wait. */
export const quickRetry = { shape: 'fixed', initialMs: 5, jitter: 'none', maxAttempts: 3 } as const

export function courier(actions: CourierActions, change: Partial<ProcessorDefinition> = {}): Courier {
  const seen: SeenAttempt[] = []
  const record =
    (action: string, execute: Execute): Execute =>
    async (input: ActionInput) => {
      seen.push({ action, key: input.idempotencyKey, attempt: input.attempt, at: performance.now() })
      return await execute(input)
    }
  const defined = Object.entries(actions).map(([name, { execute, ...rest }]) =>
    defineAction({ retry: quickRetry, ...rest, name, execute: record(name, execute) }),
  )
  const processor = defineProcessor({
    name: fresh('courier'),
    startFrom: 'beginning',
    ...change,
    actions: defined,
    handle: (batch, context) => {
      for (const envelope of batch) for (const { name } of defined) context.deliver(name, envelope)
    },
  })
  return { processor, seen, of: (action) => seen.filter((each) => each.action === action) }
}

/** All deliveries of a processor, newest first. */
export async function deliveriesOf(store: ProcessorStore, processor: string): Promise<readonly Delivery[]> {
  const { items } = await store.listDeliveries({ processor, limit: 1000 })
  return items
}

/** How many deliveries stand where, for example `{ delivered: 2 }`. */
export async function tally(
  store: ProcessorStore,
  processor: string,
): Promise<Readonly<Record<string, number>>> {
  const counts: Record<string, number> = {}
  for (const { state } of await deliveriesOf(store, processor)) counts[state] = (counts[state] ?? 0) + 1
  return counts
}

/** The dead letters of a processor, oldest first. */
export async function deadLettersOf(
  store: ProcessorStore,
  processor: string,
): Promise<readonly DeadLetter[]> {
  const { items } = await store.deadLetters.list({ processor, kind: 'delivery' })
  return items.filter((item) => item.kind === 'delivery')
}
