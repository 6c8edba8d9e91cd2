import { registerSuite } from '../suite/register.ts'
import type { DedupDeclaration } from './declaration.ts'
import { dedupCases } from './dedup-cases.ts'

/** Puts a store of foreign ids to every promise of its port, as one vitest suite. To be called at a test file's top level. */
export function dedupContract({ name, open }: DedupDeclaration): void {
  registerSuite({ title: `${name} keeps the dedup contract`, cases: dedupCases, open })
}
