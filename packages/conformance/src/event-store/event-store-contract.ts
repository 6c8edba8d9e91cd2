import { registerSuite } from '../suite/register.ts'
import { appendCases } from './append-cases.ts'
import { badInputCases } from './bad-input-cases.ts'
import { EventStoreContext } from './context.ts'
import type { EventStoreDeclaration } from './declaration.ts'
import type { EventStoreCase } from './event-store-case.ts'
import { durabilityCases, idempotencyCases } from './idempotency-cases.ts'
import { keyCases } from './key-cases.ts'
import { lifecycleCases } from './lifecycle-cases.ts'
import { logCases } from './log-cases.ts'
import { modelCases } from './model-cases.ts'
import { commitCases, multiStreamCases, singleStreamCases } from './multi-stream-cases.ts'
import { payloadCases } from './payload-cases.ts'
import { raceCases } from './race-cases.ts'
import { readCases } from './read-cases.ts'
import { scaleCases } from './scale-cases.ts'
import { timeCases } from './time-cases.ts'
import { tombstoneCases } from './tombstone-cases.ts'

/** Every promise an event store of this kind makes, for any test runner. */
export function eventStoreCases(declaration: EventStoreDeclaration): readonly EventStoreCase[] {
  const { capabilities, durability } = declaration
  return [
    ...appendCases,
    ...idempotencyCases,
    ...(durability.kind === 'durable' ? durabilityCases : []),
    ...readCases,
    ...modelCases,
    ...timeCases,
    ...commitCases,
    ...(capabilities.multiStreamCommits ? multiStreamCases : singleStreamCases),
    ...tombstoneCases,
    ...keyCases,
    ...payloadCases,
    ...badInputCases,
    ...logCases,
    ...raceCases,
    ...scaleCases,
    ...lifecycleCases,
  ]
}

/** Puts an event store to every promise of its port, as one vitest suite. To be called at a test file's top level. */
export function eventStoreContract(declaration: EventStoreDeclaration): void {
  const { name, lanes } = declaration
  registerSuite({
    title: `${name} keeps the event store contract (${lanes.kind === 'processes' ? 'races over four processes' : 'races in process'}: ${lanes.why})`,
    cases: eventStoreCases(declaration),
    open: async () => await EventStoreContext.open(declaration),
  })
}
