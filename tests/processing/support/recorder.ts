import { defineProcessor } from '@millrace/processing'
import type { Processor, ProcessorDefinition } from '@millrace/processing'

import { fresh } from './database.ts'
import { numberOf } from './rig.ts'

/** Retries almost at once, so that a test of the outcome need not wait. */
export const quickRetry = { shape: 'fixed', initialMs: 1, jitter: 'none', maxAttempts: 3 } as const

/** A processor and the numbers each call of its handler got. */
export interface Recorder {
  readonly processor: Processor
  readonly calls: (readonly number[])[]
}

/** A processor that keeps the numbers it was handed; `refuse` says which batches fail, and how. */
export function recorder(
  refuse: (numbers: readonly number[]) => Error | undefined = () => undefined,
  change: Partial<ProcessorDefinition> = {},
): Recorder {
  const calls: (readonly number[])[] = []
  const processor = defineProcessor({
    name: fresh('recorder'),
    startFrom: 'beginning',
    retry: quickRetry,
    ...change,
    handle: (batch) => {
      const numbers = batch.map(numberOf)
      calls.push(numbers)
      const error = refuse(numbers)
      if (error !== undefined) throw error
    },
  })
  return { processor, calls }
}
