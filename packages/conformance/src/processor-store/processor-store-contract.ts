import { registerSuite } from '../suite/register.ts'
import { advanceCases, parkedCases } from './advance-cases.ts'
import type { ProcessorStoreCase } from './bench.ts'
import type { ProcessorStoreDeclaration } from './declaration.ts'
import { recoverCases, settleCases } from './delivery-cases.ts'
import { leaseCases, registerCases } from './lease-cases.ts'
import { deadLetterCases, listCases } from './operator-cases.ts'

/** Every promise of a processor store, for any test runner. */
export const processorStoreCases: readonly ProcessorStoreCase[] = [
  ...registerCases,
  ...leaseCases,
  ...advanceCases,
  ...parkedCases,
  ...settleCases,
  ...recoverCases,
  ...deadLetterCases,
  ...listCases,
]

/** Puts a processor store to every promise of its port, as one vitest suite. To be called at a test file's top level. */
export function processorStoreContract({ name, open }: ProcessorStoreDeclaration): void {
  registerSuite({ title: `${name} keeps the processor store contract`, cases: processorStoreCases, open })
}
