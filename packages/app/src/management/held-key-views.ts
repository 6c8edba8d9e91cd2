import type { DeadLetterQueue } from '@millrace/contracts'

import type { HeldKeysView, ProcessorView } from './views.ts'

const mostShown = 10

async function heldBy(deadLetters: DeadLetterQueue, processor: string): Promise<HeldKeysView | undefined> {
  const { count, keys } = await deadLetters.heldKeys(processor, mostShown)
  if (count === 0) return undefined
  return {
    count,
    keys: keys.map(({ partition: _partition, since, ...key }) => ({ ...key, since: since.toISOString() })),
  }
}

/** The processors, each with the keys that its dead letters hold. */
export async function withHeldKeys(
  processors: readonly ProcessorView[],
  deadLetters: DeadLetterQueue,
): Promise<readonly ProcessorView[]> {
  return await Promise.all(
    processors.map(async (processor) => {
      const heldKeys = processor.deadLetters === 0 ? undefined : await heldBy(deadLetters, processor.name)
      return heldKeys === undefined ? processor : { ...processor, heldKeys }
    }),
  )
}
