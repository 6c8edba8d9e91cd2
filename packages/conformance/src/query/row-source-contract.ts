import type { ContractCase } from '../suite/contract-case.ts'
import { registerSuite } from '../suite/register.ts'
import { conditionCases } from './condition-cases.ts'
import type { RowSourceDeclaration, RowSourcesUnderTest } from './declaration.ts'
import { orderCases } from './order-cases.ts'

/** Every promise of a row source, for any test runner. */
export const rowSourceCases: readonly ContractCase<RowSourcesUnderTest>[] = [...conditionCases, ...orderCases]

/** Puts a row source to every promise of its port, as one vitest suite. To be called at a test file's top level. */
export function rowSourceContract({ name, open }: RowSourceDeclaration): void {
  registerSuite({ title: `${name} keeps the row source contract`, cases: rowSourceCases, open })
}
