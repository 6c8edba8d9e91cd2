import { defineObserver } from '@millrace/observers'
import type { ObserverDefinition } from '@millrace/observers'
import { z } from 'zod'

/** What a rule sends for: a row as it was after its latest change, and how it is told apart. */
export interface Change {
  readonly operation: 'insert' | 'update' | 'delete'
  readonly id: number
  /** Grows with each change of the row. */
  readonly rev: number
  readonly total: number
}

/** Totals are drawn from below this. */
export const mostTotal = 1_000
const [bigFrom, missedFrom] = [600, 300]

const Row = z.object({ id: z.int(), rev: z.int(), total: z.int() })
const retry = { shape: 'fixed', initialMs: 20, jitter: 'none', maxAttempts: 100 } as const

/** The rules of a listener: three actions, one of them in the order of each row, another one with a receiver that fails. */
export function rulesOf(receiver: string): readonly ObserverDefinition[] {
  const source = { table: 'orders', schema: Row }
  const webhook = (name: string, row: 'old' | 'new'): ObserverDefinition['actions'][number] => ({
    action: 'webhook',
    name,
    url: `${receiver}/${name}`,
    body: { id: `{{ ${row}.id }}`, rev: `{{ ${row}.rev }}` },
    concurrency: 64,
    retry,
  })
  return [
    defineObserver({
      name: 'big-orders',
      source,
      on: ['insert', 'update'],
      when: `new.total >= ${bigFrom}`,
      partitions: 2,
      startFrom: 'beginning',
      actions: [{ ...webhook('tell', 'new'), order: 'none' }, webhook('ship', 'new')],
    }),
    defineObserver({
      name: 'gone-orders',
      source,
      on: 'delete',
      when: `old.total >= ${missedFrom}`,
      startFrom: 'beginning',
      actions: [webhook('forget', 'old')],
    }),
  ]
}

/** The actions a change calls for; the same rules, written down a second time. */
export function actionsFor({ operation, total }: Change): readonly string[] {
  if (operation === 'delete') return total >= missedFrom ? ['forget'] : []
  return total >= bigFrom ? ['tell', 'ship'] : []
}
