import { registerSuite } from '../suite/register.ts'
import type { SubjectKeysDeclaration } from './declaration.ts'
import { subjectKeyCases } from './subject-key-cases.ts'

/** Puts a store of subject keys to every promise of its port, as one vitest suite. To be called at a test file's top level. */
export function subjectKeyStoreContract({ name, open }: SubjectKeysDeclaration): void {
  registerSuite({
    title: `${name} keeps the contract of a store of subject keys`,
    cases: subjectKeyCases,
    open,
  })
}
