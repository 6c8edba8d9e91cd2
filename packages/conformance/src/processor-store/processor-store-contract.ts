import { same } from '../suite/assertions.ts'
import { registerSuite } from '../suite/register.ts'
import { advanceCases, parkedCases } from './advance-cases.ts'
import type { EffectFreeStoreCase, ProcessorStoreCase } from './bench.ts'
import { checkpointCases } from './checkpoint-cases.ts'
import type { EffectFreeStoreUnderTest, ProcessorStoreDeclaration } from './declaration.ts'
import { recoverCases, settleCases } from './delivery-cases.ts'
import { effectCases } from './effect-cases.ts'
import { effectFenceCases, leaseCases, registerCases } from './lease-cases.ts'
import { deadLetterCases, listCases } from './operator-cases.ts'
import { refusalCases } from './refusal-cases.ts'
import { pagingCases, requestCases } from './request-cases.ts'

/** What every processor store promises. */
const commonCases: readonly EffectFreeStoreCase[] = [
  ...registerCases,
  ...leaseCases,
  ...checkpointCases,
  ...requestCases,
  ...pagingCases,
]

function saysEffects(effects: boolean): EffectFreeStoreCase {
  return {
    name: `it says that it keeps ${effects ? '' : 'no '}effects`,
    run: async ({ store }) => same(store.effects, effects),
  }
}

/** Every promise of a processor store with effects, for any test runner. */
export const processorStoreCases: readonly ProcessorStoreCase[] = [
  saysEffects(true),
  ...commonCases,
  ...effectFenceCases,
  ...advanceCases,
  ...parkedCases,
  ...settleCases,
  ...recoverCases,
  ...effectCases,
  ...deadLetterCases,
  ...listCases,
]

/** Every promise of a processor store without effects, for any test runner. */
export const effectFreeStoreCases: readonly EffectFreeStoreCase[] = [
  saysEffects(false),
  ...commonCases,
  ...refusalCases,
]

/** Puts a processor store to every promise of its port, as one vitest suite. To be called at a test file's top level. */
export function processorStoreContract({ name, open }: ProcessorStoreDeclaration): void {
  registerSuite({ title: `${name} keeps the processor store contract`, cases: processorStoreCases, open })
}

/** The same for a processor store without effects: leases and checkpoints, and that it refuses everything else. */
export function effectFreeStoreContract({
  name,
  open,
}: ProcessorStoreDeclaration<EffectFreeStoreUnderTest>): void {
  const title = `${name} keeps the contract of a processor store without effects`
  registerSuite({ title, cases: effectFreeStoreCases, open })
}
