import { registerSuite } from '../suite/register.ts'
import type { SearchIndexCase } from './bench.ts'
import type { SearchIndexDeclaration } from './declaration.ts'
import { lifetimeCases } from './lifetime-cases.ts'
import { searchCases } from './search-cases.ts'
import { writeCases } from './write-cases.ts'

/** Every promise of a search index, for any test runner. */
export const searchIndexCases: readonly SearchIndexCase[] = [...writeCases, ...searchCases, ...lifetimeCases]

/** Puts an engine to every promise of the port, as one vitest suite. To be called at a test file's top level. */
export function searchIndexContract({ name, open }: SearchIndexDeclaration): void {
  registerSuite({ title: `${name} keeps the search index contract`, cases: searchIndexCases, open })
}
